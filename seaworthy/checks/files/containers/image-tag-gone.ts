import { withdrawal } from "../../../catalogues/images/images.ts";
import type { Location } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { byFile, isRehearsal, pathOf, placesOf } from "./intent.ts";

export const imageTagGone: FileRule = {
  name: "image-tag-gone",
  summary: "an image cannot be pulled any more, or never could",
  check: (unit) =>
    byFile(imagesOf(unit), ({ at }) => at).flatMap((group) => {
      const images = [...new Set(group.map(({ image }) => image))];
      return images.flatMap((image) =>
        found(
          image,
          group.filter((used) => used.image === image),
        ),
      );
    }),
};

interface Used {
  readonly image: string;
  readonly at: Location;
}

function imagesOf(unit: Unit): readonly Used[] {
  const run = unit.facts.of("component").flatMap(({ image, build }): readonly Used[] => {
    // An image that is built here under this name is not pulled.
    return image === undefined || build !== undefined ? [] : [{ image: image.value, at: image.at }];
  });
  const bases = unit.documents.of("dockerfile").flatMap(({ stages }) => {
    const names = new Set(stages.map(({ name }) => name));
    return stages
      .filter(({ from }) => !names.has(from.value))
      .map(({ from }): Used => ({ image: from.value, at: from.at }));
  });
  return [...run, ...bases].filter(({ image }) => !image.includes("$"));
}

function found(image: string, group: readonly Used[]): readonly Found[] {
  const [first, ...rest] = group;
  const known = withdrawal(image);
  if (first === undefined || known === undefined) return [];
  const isGone = GONE.has(known.state);
  const since = known.since === undefined ? "" : ` since ${known.since}`;
  // What is not said means this tag, and the tag is what is gone.
  const tagged = /[:@][^/]*$/.test(image) ? image : `${image}:latest`;
  return [
    {
      severity: isGone && !isRehearsal(pathOf(first.at)) ? "error" : "note",
      message: `${tagged}: ${SAID[known.state]}${since}`,
      places: placesOf(
        first.at,
        rest.map(({ at }) => at),
      ),
      why: isGone
        ? "it runs on hosts that still have a copy; a new host, a new cache or a pod that moves " +
          "gets `manifest unknown`, and that is during the next deploy or failover"
        : "no security update arrives under this name any more, and the day it is deleted is not " +
          "announced to you",
      fix: `use ${known.successor ?? "an image that is maintained"}`,
    },
  ];
}

const GONE: ReadonlySet<string> = new Set(["never-published", "withdrawn", "moved"]);

const SAID = {
  frozen: "this registry gets no new images",
  moved: "its maker has moved it away",
  "never-published": "no such tag was ever published",
  unmaintained: "nobody maintains it any more",
  withdrawn: "its maker has withdrawn it",
} as const;
