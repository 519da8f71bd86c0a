import type { Location } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { Found } from "../file-rule.ts";
import { byFile, isRehearsal, listed, pathOf, placesOf } from "./intent.ts";

/** Stores that are reached over a network of others, by a URL without password and TLS. */
export function openAddresses(unit: Unit): readonly Found[] {
  const files = unit.documents
    .of("environment")
    .filter(({ isTemplate, file }) => !isTemplate && !isRehearsal(file.path))
    .flatMap(({ variables }) =>
      variables.flatMap(({ name, value, at }) => openIn(name, value, at)),
    );
  return byFile(files, ({ at }) => at).flatMap((group): readonly Found[] => {
    const [first, ...rest] = group;
    if (first === undefined) return [];
    return [
      {
        severity: "note",
        message:
          `${listed(group.map(({ name }) => name))}: no password and no TLS on the ` +
          `way to ${listed(group.map(({ host }) => host))}`,
        places: placesOf(
          first.at,
          rest.map(({ at }) => at),
        ),
        why: "whoever reaches that network reads and changes what is stored there, unseen",
        fix: "rediss:// (or mongodb+srv://) with a user and a password from the secret store",
      },
    ];
  });
}

interface Open {
  readonly name: string;
  readonly host: string;
  readonly at: Location;
}

/** A name with a dot is outside this host and its container networks. */
const OPEN_URL =
  /^(?:redis|mongodb|amqp|memcached):\/\/([\w-]{1,63}(?:\.[\w-]{1,63}){1,8})(?::\d{1,5})?(?:\/|$)/;

function openIn(name: string, value: string, at: Location): readonly Open[] {
  const host = OPEN_URL.exec(value)?.[1];
  const isNear = host === undefined || /^(?:127\.|10\.|localhost)|\.(?:local|internal)$/.test(host);
  return isNear || pathOf(at) === "" ? [] : [{ name, host, at }];
}
