import assert from "node:assert/strict";
import { test } from "node:test";
import { treeOf } from "../example.fixture.ts";
import { checkFiles } from "../files.ts";

function said(environment: string, more = ""): readonly string[] {
  const compose = `services:
  app:
    image: registry.example.com/app:1.4.2
    environment:
      ${environment}
  db:
    image: postgres:17
    volumes: ["db:/var/lib/postgresql/data"]
${more}volumes: { db: {} }
`;
  return checkFiles(treeOf({ "compose.yml": compose }))
    .filter(({ rule }) => rule === "upstream-nobody-listens")
    .map(({ message }) => message);
}

test("a service that is told to call a name which nobody has", () => {
  const message = "app is told to call postgres, and no service here is called so";
  assert.deepEqual(said("DATABASE_URL: postgres://app@postgres:5432/shop"), [message]);
  assert.deepEqual(said("DB_HOST: postgres"), [message]);
});

test("names that resolve, that are outside, or that the shell puts in are left alone", () => {
  for (const healthy of [
    "DATABASE_URL: postgres://app@db:5432/shop",
    "DB_HOST: db.example.com",
    "DB_HOST: ${DB_HOST}",
    "DB_HOST: 10.0.0.7",
    "S3_URL: s3://backups/shop",
    "ALLOWED_ORIGINS: http://frontend:3000",
    "SERVICE_NAME: orders",
  ]) {
    assert.deepEqual(said(healthy), [], healthy);
  }
});

test("with a network of others, a name may be of theirs", () => {
  const open = "networks: { proxy: { external: true } }\n";
  assert.deepEqual(said("DB_HOST: postgres", open), []);
});

test("a server's own image reads no host of a server", () => {
  const server = (image: string): string =>
    `  store:\n    image: ${image}\n    environment: { MARIADB_HOST: shop }\n` +
    '    volumes: ["db:/var/lib/mysql"]\n';
  const compose = (image: string): string =>
    `services:\n${server(image)}  app:\n    image: a.example.com/app:1\nvolumes: { db: {} }\n`;
  const loud = (image: string): number =>
    checkFiles(treeOf({ "compose.yml": compose(image) })).filter(
      ({ rule }) => rule === "upstream-nobody-listens",
    ).length;
  assert.equal(loud("a.example.com/report:1"), 1);
  assert.equal(loud("mariadb:12"), 0);
});
