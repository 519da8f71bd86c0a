import { parseImageRef } from "../../../catalogues/images/images.ts";
import type { BuiltImage, Component } from "../../../facts/fact.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { byFile, isRehearsal, listed, pathOf, placesOf } from "./intent.ts";
import { pushedReference, segmentsOf } from "./pushed-images.ts";

export const imageRefMismatch: FileRule = {
  name: "image-ref-mismatch",
  summary: "what is built and pushed is not what is run",
  check: (unit) => [...foreign(unit), ...twoRepositories(unit), ...unpinned(unit)],
};

/** What a component pulls, in the parts of its path. */
interface Pulled {
  readonly component: Component;
  readonly at: Component["at"];
  readonly image: string;
  readonly segments: readonly string[];
}

function pulledIn(unit: Unit): readonly Pulled[] {
  return unit.facts.of("component").flatMap((component) => {
    const { image, build } = component;
    if (image === undefined || build !== undefined || /[${}<>]/.test(image.value)) return [];
    return [{ component, at: image.at, image: image.value, segments: segmentsOf(image.value) }];
  });
}

interface Pushed {
  readonly fact: BuiltImage;
  readonly reference: string;
  readonly segments: readonly string[];
}

/** A pipeline pushes one name of an image, and the files that are deployed pull another. */
function foreign(unit: Unit): readonly Found[] {
  const made = unit.repository.facts.of("built-image").flatMap((fact): readonly Pushed[] => {
    const reference = pushedReference(unit, fact);
    const segments = segmentsOf(reference);
    // The last part names the image; a variable there could be anything.
    return segments.at(-1)?.includes("$") === false ? [{ fact, reference, segments }] : [];
  });
  const pushes = made.filter(({ fact }) => fact.act === "push" && fact.by !== "compose");
  if (pushes.length === 0 || isLoadedByHand(unit)) return [];
  const wrong = pulledIn(unit).flatMap((pulled) => {
    const named = pushes.filter(({ segments }) => segments.at(-1) === pulled.segments.at(-1));
    const candidates = pulled.component.platform === "kubernetes" ? pushes : made;
    if (candidates.some(({ segments }) => couldBe(segments, pulled.segments))) return [];
    const push = named.find(({ fact }) => !isReplaced(unit, fact, pulled));
    return push === undefined || isOfficial(pulled) ? [] : [{ pulled, push }];
  });
  return byFile(wrong, ({ pulled }) => pulled.at).flatMap(foundForeign);
}

/** A version of an image without a namespace, which only Docker's official ones have. */
function isOfficial({ image, segments }: Pulled): boolean {
  const { tag = "" } = parseImageRef(image);
  return segments.length === 1 && !image.includes("/") && /^\d+\.\d+[\w.-]*-\w/.test(tag);
}

interface Wrong {
  readonly pulled: Pulled;
  readonly push: Pushed;
}

function foundForeign(group: readonly Wrong[]): readonly Found[] {
  const [first] = group;
  if (first === undefined) return [];
  const { pulled, push } = first;
  const others = group.length > 1 ? ` (and ${group.length - 1} more of this file)` : "";
  return [
    {
      severity: isRehearsal(pathOf(pulled.at)) ? "note" : "error",
      message:
        `${pulled.component.name} runs ${pulled.image}, and ${push.reference} is what gets ` +
        `pushed${others}`,
      places: placesOf(
        pulled.at,
        group.flatMap((one) => [one.push.fact.at, one.pulled.at]),
      ),
      why:
        "the deploy ends in ImagePullBackOff; or the name belongs to somebody else on Docker " +
        "Hub, and a stranger's image runs. In neither case does a release reach production",
      fix: `run ${push.reference.replace(/:[^/]*$/, "")} with the tag that was pushed`,
    },
  ];
}

/** A variable stands for any one part; `$REGISTRY/x` is never a bare `x`. */
function couldBe(pushed: readonly string[], pulled: readonly string[]): boolean {
  if (pushed.length === pulled.length) {
    return pushed.every((part, index) => part.includes("$") || part === pulled[index]);
  }
  // One variable may hold a registry and a namespace.
  const [first = "", ...rest] = pushed;
  if (!first.includes("$") || pulled.length <= pushed.length) return false;
  const tail = pulled.slice(pulled.length - rest.length);
  return rest.every((part, index) => part.includes("$") || part === tail[index]);
}

/** The same pipeline puts what it pushed into the manifest, or renders the manifest. */
function isReplaced(unit: Unit, fact: BuiltImage, { segments }: Pulled): boolean {
  const path = pathOf(fact.at);
  const text = unit.repository.documents.tree.files.find((file) => file.path === path)?.text ?? "";
  const name = segments.at(-1) ?? "";
  return REPLACING.test(text) && text.includes(name);
}

const REPLACING =
  /\bset image\b|kustomize edit|helm (?:upgrade|install)|envsubst|yq\s|sed\s+-i|images?:\s*\|/;

/** Clusters on a developer's machine take images without a registry. */
function isLoadedByHand(unit: Unit): boolean {
  return unit.repository.documents.tree.files.some(({ text }) =>
    /kind load docker-image|minikube image load|minikube docker-env|k3d image import/.test(text),
  );
}

/** One service, pulled from two places. */
function twoRepositories(unit: Unit): readonly Found[] {
  const all = pulledIn(unit).filter(({ at }) => !isRehearsal(pathOf(at)));
  const names = [...new Set(all.map(({ component }) => component.name))];
  return names.flatMap((name): readonly Found[] => {
    const own = all.filter(({ component }) => component.name === name);
    const [first] = own;
    const other = own.find(
      ({ segments }) =>
        first !== undefined &&
        segments.at(-1) === first.segments.at(-1) &&
        segments.join("/") !== first.segments.join("/"),
    );
    if (first === undefined || other === undefined) return [];
    return [
      {
        // Folders of one repository may hold variants that never run together.
        severity: unit.repository.documents.tree.guide === undefined ? "note" : "warning",
        message: `${name} runs ${first.image} here and ${other.image} there`,
        places: placesOf(first.at, [other.at]),
        why: "a fix that is pushed to one of them never arrives at the other",
        fix: "choose one repository for the service",
      },
    ];
  });
}

/** One line a file; pinning is advice, so it is never more than a note. */
function unpinned(unit: Unit): readonly Found[] {
  const loose = pulledIn(unit).filter(({ image }) => {
    const { tag, digest } = parseImageRef(image);
    return digest === undefined && (tag === undefined || tag === "latest");
  });
  return byFile(loose, ({ at }) => at).flatMap((group): readonly Found[] => {
    const [first, ...rest] = group;
    if (first === undefined) return [];
    return [
      {
        severity: "note",
        message: `no version is named for ${listed(group.map(({ image }) => image))}`,
        places: placesOf(
          first.at,
          rest.map(({ at }) => at),
        ),
        why: "two hosts started on two days run two versions, and there is nothing to go back to",
        fix: "name the version that was tested",
      },
    ];
  });
}
