import assert from "node:assert/strict";
import { test } from "node:test";
import { layOut } from "./guide.ts";
import { at, type SourceFile } from "./source.ts";

function laidOut(text: string): readonly SourceFile[] {
  return layOut({ path: "guide.md", text }).slice(1);
}

function paths(text: string): readonly string[] {
  return laidOut(text).map(({ path }) => path);
}

const NAMED: Readonly<Record<string, readonly [string, string]>> = {
  "a sentence with backticks": ["Create `deploy.sh`:\n\n```bash\n#!/bin/sh\nls\n```", "deploy.sh"],
  "a Chinese sentence": [
    "创建docker-compose.yml：\n```yaml\nservices: {}\n```",
    "docker-compose.yml",
  ],
  "a bold name": ["**prometheus.yml**\n\n```yaml\nglobal: {}\n```", "prometheus.yml"],
  "a heading": ["### `config/app.yml`\n\n```yaml\na: 1\n```", "config/app.yml"],
  "a heading in words": ["## 3. nginx.conf 配置\n```nginx\nhttp {}\n```", "nginx.conf"],
  "a list item": ["1. File: `k8s/web.yaml`\n\n   ```yaml\n   kind: Pod\n   ```", "k8s/web.yaml"],
  "a first comment": [
    "```yaml\n# docker-compose.prod.yml\nservices: {}\n```",
    "docker-compose.prod.yml",
  ],
  "a comment of source code": ["```js\n// src/app.js\nlisten()\n```", "src/app.js"],
  "a comment below the interpreter": ["```bash\n#!/bin/bash\n# backup.sh\n```", "backup.sh"],
  "a comment of SQL": ["```sql\n-- init/01-users.sql\nselect 1;\n```", "init/01-users.sql"],
  "a comment of XML": ["```xml\n<!-- pom.xml -->\n<project/>\n```", "pom.xml"],
  "a title": ['```yaml title="compose.yaml"\nservices: {}\n```', "compose.yaml"],
  "an absolute path": [
    "Edit `/etc/logrotate.d/app`:\n```\n/var/log/a {}\n```",
    "etc/logrotate.d/app",
  ],
  "an announcement above a remark": [
    "Create `app.yml`:\n\nIt holds ports.\n\n```yaml\na: 1\n```",
    "app.yml",
  ],
};

for (const [how, [text, path]] of Object.entries(NAMED)) {
  test(`a block is the file that ${how} names`, () => {
    assert.deepEqual(paths(text), [path]);
  });
}

const UNNAMED: Readonly<Record<string, string>> = {
  "commands that edit a file": "Edit `nginx.conf` and reload:\n```bash\nsudo nginx -s reload\n```",
  "a call of a script": "Run `deploy.sh`:\n```bash\n./deploy.sh --prod\n```",
  "a product's name": "### Node.js\n```js\nserve();\n```",
  "an address": "See https://example.com/compose.yml:\n```text\nhello\n```",
  "two names": "Copy `a.yml` over `b.yml`:\n```yaml\na: 1\n```",
  "another language": "Run `deploy.sh` with:\n```yaml\na: 1\n```",
  "a heading of an earlier block": "## app.yml\n```yaml\na: 1\n```\n\nThen:\n```yaml\nb: 1\n```",
};

for (const [what, text] of Object.entries(UNNAMED)) {
  test(`${what} names no block`, () => {
    assert.match(laidOut(text).at(-1)?.path ?? "", /^block-\d+\.(sh|yaml|txt|js)$/);
  });
}

test("two blocks with one name are two files that remember it", () => {
  const block = "```yaml\n# docker-compose.yml for production\nservices: {}\n```\n";
  const files = laidOut(block + block);
  assert.deepEqual(
    files.map(({ path, named }) => [path, named]),
    [
      ["docker-compose.yml", "docker-compose.yml"],
      ["docker-compose~2.yml", "docker-compose.yml"],
    ],
  );
});

test("a here-document is the file that it writes, at its own lines", () => {
  const [shell, written] = laidOut(
    'Do:\n\n```bash\nmkdir -p app\nsudo tee $APP/app.yml > /dev/null <<"EOF"\n' +
      "a: $b\nEOF\nls\n```\n",
  );
  assert.equal(shell?.path, "block-1.sh");
  assert.equal(written?.path, "app.yml");
  assert.equal(written.text, "a: $b\n");
  assert.deepEqual(at(written, 1), { file: "guide.md", line: 6, as: "app.yml" });
});

test("what a program is fed is laid out under a made-up name", () => {
  const fed = "```sh\nkubectl apply -f - <<EOF\nkind: Pod\nname: \\$x\nEOF\n```";
  assert.deepEqual(
    laidOut(fed).map(({ path, text }) => [path, text]),
    [
      ["block-1.sh", "kubectl apply -f - <<EOF\nkind: Pod\nname: \\$x\nEOF\n"],
      ["block-1-1.yaml", "kind: Pod\nname: $x\n"],
    ],
  );
});

test("a session loses its prompts and answers, and keeps its lines", () => {
  const [session] = laidOut("```console\n$ docker run \\\n> web\nabc\n$ ls\n```");
  assert.equal(session?.text, "docker run \\\nweb\n\nls\n");
});

test("lines map back to the guide, also out of lists and quotes", () => {
  const [listed, quoted] = laidOut(
    "- x\n\n  ```yaml\n  a:\n    b: 1\n  ```\n> ~~~yaml\n> c: 1\n> ~~~\n",
  );
  assert.equal(listed?.text, "a:\n  b: 1\n");
  assert.equal(listed.origin?.(2).line, 5);
  assert.equal(listed.origin?.(99).line, 5);
  assert.equal(quoted?.text, "c: 1\n");
  assert.equal(quoted.origin?.(1).line, 8);
});

test("drawings are no files, and an open block ends with the guide", () => {
  assert.deepEqual(paths("```mermaid\ngraph\n```\n```yaml\na: 1"), ["block-2.yaml"]);
});

test("a guide of hostile size is laid out in time", () => {
  const long = "a".repeat(3_000_000);
  const guide = `# ${long}\n${long}\n\`\`\`yaml\n# ${long}\n\`\`\`\n${"`".repeat(1_000_000)}\n`;
  const started = performance.now();
  assert.deepEqual(paths(guide), ["block-1.yaml"]);
  laidOut("```sh\ncat <<A\n".repeat(5_000));
  laidOut(`\`\`\`sh\n${"cat > x <<A\n".repeat(20_000)}`);
  assert.ok(performance.now() - started < 5_000);
});
