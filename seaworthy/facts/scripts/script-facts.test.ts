import assert from "node:assert/strict";
import { test } from "node:test";
import type { Fact, FactKind, FactOf } from "../fact.ts";
import { readShell } from "./shell.ts";
import { scheduleFacts, shellFacts } from "./script-facts.ts";
import { cronEntries } from "./crontab.ts";

const PLACE = (line: number) => ({ file: "a.sh", line });

function factsOf<K extends FactKind>(kind: K, text: string): readonly FactOf<K>[] {
  const all = shellFacts(readShell(text), { script: "a.sh", place: PLACE, by: "script" });
  return all.filter((fact: Fact): fact is FactOf<K> => fact.kind === kind);
}

function acts(text: string): readonly string[] {
  return factsOf("artefact", text).map(
    ({ act, pattern, content }) => `${act} ${pattern} ${content ?? ""}`,
  );
}

test("sees what is saved, and where it ends up", () => {
  const pairs: readonly (readonly [string, string])[] = [
    ["pg_dump $URL | gzip > /b/db_$(date +%F).sql.gz", "write /b/db_*.sql.gz postgres"],
    ["pg_dump -Fc shop -f /b/shop.dump", "write /b/shop.dump postgres"],
    ["docker exec db mysqldump -uroot --all-databases > all.sql", "write all.sql mysql"],
    ["docker exec a tar czf - /data | cat > /b/d.tgz", "write /b/d.tgz files:/data"],
    [
      "docker run --rm -v vol:/d -v /b:/b alpine tar czf /b/v.tgz -C /d .",
      "write /b/v.tgz files:vol",
    ],
    ["redis-cli --rdb /b/r.rdb", "write /b/r.rdb redis"],
    ["mongodump --archive=/b/m.gz --gzip", "write /b/m.gz mongodb"],
    ["tar --create --file=/b/etc.tar /etc/app", "write /b/etc.tar files:/etc/app"],
  ];
  for (const [text, expected] of pairs) assert.deepEqual(acts(text).slice(0, 1), [expected], text);
});

test("sees what is pruned, proved, shipped and restored", () => {
  const pairs: readonly (readonly [string, string])[] = [
    ["find /b -name '*.gz' -mtime +7 -delete", "prune /b/*.gz "],
    ["find /b -type f -mtime +7 -exec rm {} \\;", "prune /b/* "],
    ["ls -t /b/*.gz | tail -n +8 | xargs rm -f", "prune * "],
    ["gzip -t /b/x.gz", "verify /b/x.gz "],
    ["tar tzf /b/x.tgz > /dev/null", "verify /b/x.tgz "],
    ["aws s3 cp /b/x.gz s3://keep/x/", "ship s3://keep/x/ "],
    ["scp -i key /b/x.gz ops@far:/keep", "ship ops@far:/keep "],
    ["gunzip -c $1 | psql shop", "restore * postgres"],
    ["tar xzf $FILE -C /", "restore * files"],
  ];
  for (const [text, expected] of pairs) assert.deepEqual(acts(text), [expected], text);
});

test("leaves alone what only looks like it", () => {
  const innocent = [
    "aws s3 cp s3://keep/x .",
    "scp host:file .",
    "psql -f migrations/001_init.sql",
    "rm -f /tmp/work",
    "find . -name '*.gz'",
    "pg_dump --version",
    "pg_dump a | psql b",
  ];
  for (const text of innocent) assert.deepEqual(acts(text), [], text);
});

test("says whom a script talks to, a loop's hosts one by one", () => {
  const text = 'H=("shop-1:8080" "shop-2:8080")\nfor h in "${H[@]}"; do curl -f http://$h/up; done';
  const calls = factsOf("call", text).map(({ host, port, path, scope }) => [
    host,
    port,
    path,
    scope,
  ]);
  assert.deepEqual(calls, [
    ["shop-1", 8080, "/up", "host"],
    ["shop-2", 8080, "/up", "host"],
  ]);
  assert.deepEqual(
    factsOf("call", "mysqldump -h db -p$P shop > x").map(({ host, port }) => [host, port]),
    [["db", 3306]],
  );
});

test("a container that is left running is a component, one that works and goes is none", () => {
  const text =
    "docker run -d --name web -p 127.0.0.1:8080:80 -e A=1 -v data:/d nginx:1.27 nginx -g x";
  const [web] = factsOf("component", text);
  assert.equal(web?.name, "web");
  assert.equal(web.image?.value, "nginx:1.27");
  assert.deepEqual(web.ports[0]?.published, { address: "127.0.0.1", port: 8080 });
  assert.deepEqual(web.command?.value, ["nginx", "-g", "x"]);
  assert.deepEqual(factsOf("component", "docker run --rm -v a:/b alpine tar c /b"), []);
});

test("says which images are built and pushed, and what runs when", () => {
  const images = factsOf("built-image", "docker build -t a/b:1 .\ndocker push a/b:1\n");
  assert.deepEqual(
    images.map(({ act, image }) => [act, image]),
    [
      ["build", "a/b:1"],
      ["push", "a/b:1"],
    ],
  );
  const [nightly] = scheduleFacts(cronEntries("0 2 * * * /x.sh"), PLACE);
  assert.equal(nightly?.everyMs, 86_400_000);
});
