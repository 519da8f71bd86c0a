import { addressesIn, isOwnAddress } from "../addresses.ts";
import type { Call, Component } from "../fact.ts";

/** Longer values are data. */
const VALUE_CHARACTERS_MAX = 2_000;
/** What is spoken to a host; the word after `s3://` is a bucket. */
const NETWORKED =
  /^(?:https?|wss?|grpcs?|tcp|postgres(?:ql)?|mysql|mariadb|rediss?|amqps?|nats|mongodb|kafka)$/;
/** Variables that name the host of a store or a queue, by the store's own name. */
const STORES =
  "DB DATABASE REDIS MYSQL MARIADB POSTGRES(?:QL)? PG MONGO(?:DB)? RABBITMQ AMQP KAFKA NATS " +
  "ELASTICSEARCH MEMCACHED CACHE";
const STORE_HOST = new RegExp(
  `(?:^|_)(?:${STORES.replaceAll(" ", "|")})_?(?:HOST|SERVER|HOSTNAME|ADDR|ADDRESS)$`,
);

/** Whom a service of Compose is told to call: hosts in its environment. */
export function environmentCalls({ name, environment }: Component): readonly Call[] {
  return [...environment].flatMap(([variable, { value, at }]) => {
    if (value === undefined || value.length > VALUE_CHARACTERS_MAX) return [];
    // What the shell puts in is not known here.
    if (value.includes("$") || isOwnAddress(variable)) return [];
    return addressesIn(variable, value).flatMap((address): readonly Call[] => {
      const spoken =
        address.scheme === undefined ? STORE_HOST.test(variable) : NETWORKED.test(address.scheme);
      if (!spoken) return [];
      return [
        { kind: "call", at, via: "configuration", scope: "network", component: name, ...address },
      ];
    });
  });
}
