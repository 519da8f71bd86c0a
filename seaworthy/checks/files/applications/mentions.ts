import type { Unit } from "../../../facts/unit.ts";

/** Whether anything but prose, and the file itself, has this text: then something may use it. */
export function isMentioned(
  unit: Unit,
  what: { readonly text: string; readonly except: string },
): boolean {
  return unit.repository.documents.tree.files.some(
    ({ path, text }) =>
      path !== what.except && !/\.(md|rst|txt)$/.test(path) && text.includes(what.text),
  );
}
