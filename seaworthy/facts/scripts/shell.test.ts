import assert from "node:assert/strict";
import { test } from "node:test";
import { cronEntry, isCrontab, longestGapMs } from "./crontab.ts";
import { invocationOf } from "./invocation.ts";
import { readShell, type ShellCommand } from "./shell.ts";

function commandsOf(text: string): readonly ShellCommand[] {
  return readShell(text).commands;
}

function find(text: string, program: string): ShellCommand {
  const found = commandsOf(text).find(({ expanded }) => expanded[0] === program);
  assert.ok(found, `${program} was not read`);
  return found;
}

test("puts constants in, and leaves what only the run can know as written", () => {
  const text = [
    'DIR="/backup"',
    "DATE=$(date +%F)",
    'FILE="${DIR}/db_$DATE.gz"',
    "KEEP=${KEEP:-7}",
    "cp '$DIR' \"$FILE\" $KEEP ${HOME}",
  ].join("\n");
  assert.deepEqual(find(text, "cp").expanded, [
    "cp",
    "$DIR",
    "/backup/db_$DATE.gz",
    "7",
    "${HOME}",
  ]);
});

test("a variable with two values is no constant", () => {
  const text = 'C="docker compose"\nif test -n "$OLD"; then C="docker-compose"; fi\n$C up -d\n';
  assert.ok(commandsOf(text).some(({ expanded }) => expanded[0] === "$C"));
});

test("the failure of a pipeline's first part is lost without pipefail", () => {
  const text = "pg_dump shop | gzip > a.gz\n";
  assert.equal(find(`set -e\n${text}`, "pg_dump").onFailure, "ignored");
  assert.equal(find(`set -e\n${text}`, "gzip").onFailure, "stops");
  assert.equal(find(`set -euo pipefail\n${text}`, "pg_dump").onFailure, "stops");
  const checked = `${text}if [ \${PIPESTATUS[0]} -ne 0 ]; then exit 1; fi\n`;
  assert.equal(find(checked, "pg_dump").onFailure, "stops");
});

test("tells what a failure does from what follows it", () => {
  assert.equal(find("cp a b || exit 1\necho done", "cp").onFailure, "stops");
  assert.equal(
    find("die() { echo x; exit 1; }\ncp a b || die\necho done", "cp").onFailure,
    "stops",
  );
  assert.equal(find("cp a b\nif [ $? -ne 0 ]; then exit 1; fi\n:", "cp").onFailure, "stops");
  assert.equal(find("if ! cp a b; then exit 1; fi\necho", "cp").onFailure, "stops");
  assert.equal(find("cp a b || echo failed\necho done", "cp").onFailure, "branches");
  assert.equal(find("cp a b\necho done", "cp").onFailure, "ignored");
  assert.equal(find("set -e\ncp a b || true\necho", "cp").onFailure, "branches");
});

test("knows the conditions under which a command runs", () => {
  const text = "if gzip -t a; then\n  rm old\nelse\n  mail ops\nfi\n";
  assert.deepEqual(
    find(text, "rm").guards.map(({ when }) => when),
    ["success"],
  );
  assert.deepEqual(
    find(text, "mail").guards.map(({ when }) => when),
    ["failure"],
  );
});

test("reads here-documents, arrays, case, functions and the text given to another shell", () => {
  const text = [
    "hosts=(a b)",
    'for h in "${hosts[@]}"; do curl "http://$h/x"; done',
    "cat <<'EOF' > out",
    "it's not a command: pg_dump",
    "EOF",
    'case "$1" in a|b) ls one;; *) ls two;; esac',
    "f() {",
    "  docker exec db sh -c 'pg_dump shop |",
    "    gzip > /a.gz'",
    "}",
  ].join("\n");
  assert.deepEqual(
    find(text, "curl").each.map(([, url]) => url),
    ["http://a/x", "http://b/x"],
  );
  const dump = find(text, "pg_dump");
  assert.deepEqual([dump.line, dump.within, dump.pipe.length], [8, "f", 2]);
  assert.equal(find(text, "gzip").line, 9);
  assert.equal(commandsOf(text).filter(({ words }) => words[0] === "ls").length, 2);
});

test("takes wrappers away to find what runs, and where", () => {
  const words = "sudo -u postgres timeout 30 docker compose -f a.yml exec -T db pg_dump shop";
  const found = invocationOf(words.split(" "));
  assert.deepEqual([found?.program, found?.args], ["pg_dump", ["shop"]]);
  assert.deepEqual(found?.place.type === "container" ? found.place.name : "", "db");
});

test("reads crontab lines and the time between two runs", () => {
  assert.equal(
    cronEntry("0 2 * * * /a/b.sh >> /var/log/b 2>&1", 3)?.command.startsWith("/a/b"),
    true,
  );
  assert.equal(cronEntry("1 2 3 are not five times", 1), undefined);
  assert.equal(isCrontab("MAILTO=ops\n# nightly\n0 2 * * * x\n"), true);
  assert.equal(isCrontab("MAILTO=ops\n"), false);
  assert.equal(longestGapMs("0 2 * * *"), 86_400_000);
  assert.equal(longestGapMs("*/15 * * * *"), 900_000);
  assert.equal(longestGapMs("0 8,20 * * *"), 43_200_000);
  assert.equal(longestGapMs("0 3 * * 0"), 604_800_000);
});
