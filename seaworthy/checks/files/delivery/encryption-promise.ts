import type { Step } from "../../../facts/fact.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { Found } from "../file-rule.ts";
import { inEffect } from "./in-effect.ts";
import { listed, placesOf } from "./wording.ts";

/** What makes a store, and the option without which it is not encrypted (AWS CLI 2 reference). */
const STORES: readonly { readonly makes: string; readonly option: string }[] = [
  { makes: "rds create-db-instance", option: "--storage-encrypted" },
  { makes: "rds create-db-cluster", option: "--storage-encrypted" },
  { makes: "efs create-file-system", option: "--encrypted" },
  { makes: "elasticache create-replication-group", option: "--at-rest-encryption-enabled" },
  { makes: "redshift create-cluster", option: "--encrypted" },
];

/** Encryption at rest is promised, and a store is made without it. */
export function encryptionPromise(unit: Unit): readonly Found[] {
  const promises = unit.facts.of("pledge").filter(({ feature, at }) => {
    return feature === "encryption-at-rest" && inEffect(at);
  });
  // Data rather than keys and passwords, where both are spoken of.
  const promise = promises.find(({ text }) => /data|数据/.test(text)) ?? promises[0];
  if (promise === undefined) return [];
  const plain = unit.facts.of("step").flatMap((step) => {
    const store = STORES.find(({ makes }) => step.words.join(" ").startsWith(`aws ${makes}`));
    return store === undefined || isEncrypted(step, store.option) ? [] : [{ step, store }];
  });
  const [first] = plain;
  if (first === undefined) return [];
  const { makes, option } = first.store;
  return [
    {
      severity: "warning",
      message:
        `encryption at rest is promised (\`${promise.text}\`), and ` +
        `${listed(plain.map(({ store }) => `aws ${store.makes}`))} asks for none`,
      places: placesOf(first.step.at, [promise.at, ...plain.map(({ step }) => step.at)]),
      why:
        "An existing database cannot be encrypted in place: when the audit or the stolen " +
        "snapshot comes, the way is a copy, a restore and a cutover of production.",
      fix: `\`${option}\` in \`aws ${makes}\` before there is data in it`,
    },
  ];
}

function isEncrypted({ words }: Step, option: string): boolean {
  // A snapshot or a primary brings its own; a file of options is not read here.
  return words.some(
    (word) => word === option || word.startsWith("--cli-input") || word.startsWith("--kms-key-id"),
  );
}
