import type { Component, EnvironmentRead } from "../../../facts/fact.ts";
import type { EnvironmentDocument } from "../../../facts/containers/env-file.ts";
import { at, baseName, type Location } from "../../../facts/source.ts";
import type { Unit } from "../../../facts/unit.ts";
import type { FileRule, Found } from "../file-rule.ts";
import { isMentioned } from "./mentions.ts";
import { isSecretName } from "./secret-words.ts";
import { isOfOtherProfile } from "./spring-profiles.ts";

const WHY =
  "the program starts without the value: it ends at once, or runs with an empty key and answers " +
  "401 and 500 until somebody reads its log";

export const envVarNotDelivered: FileRule = {
  name: "env-var-not-delivered",
  summary: "a program reads a variable that its container is never given",
  check: (unit) => {
    if (unit.facts.of("component").length === 0) return [];
    return [
      ...nearMisses(unit),
      ...filesOfNobody(unit),
      ...missing(unit),
      ...clientsWithoutCredentials(unit),
      ...secretsOfNobody(unit),
    ];
  },
};

/** Files of variables for a deployment; templates and development files are for people. */
function deployed(unit: Unit): readonly EnvironmentDocument[] {
  return unit.documents
    .of("environment")
    .filter(
      ({ file: { path } }) =>
        !/example|sample|template|dist|dev|local|test|ci\b/i.test(baseName(path)),
    );
}

function variablesOf({ file }: EnvironmentDocument): ReadonlyMap<string, Location> {
  const found = new Map<string, Location>();
  file.text.split("\n").forEach((line, index) => {
    const name = /^\s*(?:export\s+)?([A-Za-z_]\w{0,100})\s*=/.exec(line)?.[1];
    if (name !== undefined) found.set(name, at(file, index + 1));
  });
  return found;
}

/** What is delivered is called a little differently from what is read. */
function nearMisses(unit: Unit): readonly Found[] {
  const reads = unit.facts.of("environment-read");
  const names = new Set(reads.map(({ name }) => name));
  const given = givenTo(unit);
  return deployed(unit).flatMap((document): readonly Found[] =>
    [...variablesOf(document)].flatMap(([name, place]): readonly Found[] => {
      if (names.has(name) || name.length < 5) return [];
      const read = reads.find(
        (candidate) =>
          (candidate.name.endsWith(`_${name}`) || name.endsWith(`_${candidate.name}`)) &&
          needs(candidate) &&
          !given.has(candidate.name),
      );
      if (read === undefined) return [];
      return [
        {
          severity: isSecretName(read.name) ? "error" : "warning",
          message: `${name} is delivered, the application reads ${read.name}`,
          places: [place, read.at],
          why: WHY,
          fix: `call it ${read.name} in both places`,
        },
      ];
    }),
  );
}

/** There is no default, or one that is no value for a secret. */
function needs({ name, fallback }: EnvironmentRead): boolean {
  return fallback === undefined || (fallback === "" && isSecretName(name));
}

/** Every name that some component of the unit is given, by whatever way can be seen. */
function givenTo(unit: Unit): ReadonlySet<string> {
  const inFiles = deployed(unit).flatMap((document) => [...variablesOf(document).keys()]);
  const direct = unit.facts.of("component").flatMap(({ environment }) => [...environment.keys()]);
  const images = unit.repository.documents
    .of("dockerfile")
    .flatMap(({ file }) =>
      [...file.text.matchAll(/^ENV\s+([A-Z_]\w{0,100})/gm)].map(([, name = ""]) => name),
    );
  return new Set([...inFiles, ...direct, ...images]);
}

/** A file of variables that no service, script or image names. */
function filesOfNobody(unit: Unit): readonly Found[] {
  return deployed(unit).flatMap((document): readonly Found[] => {
    const { file } = document;
    const name = baseName(file.path);
    // Compose reads `.env` itself; so do frameworks their own names.
    if (name === ".env" || !/prod|live|deploy/i.test(name)) return [];
    if (
      unit.facts
        .of("component")
        .some(({ environmentFiles }) =>
          environmentFiles.some(({ value }) => baseName(value) === name),
        )
    )
      return [];
    if (isMentioned(unit, { text: name, except: file.path }) || hasLoader(unit)) return [];
    const [first, ...others] = [...variablesOf(document).values()];
    if (first === undefined) return [];
    const component = programs(unit)[0];
    return [
      {
        severity: "warning",
        message: `nothing loads ${name}: no service, script or image names it`,
        places: [first, ...others.slice(0, 20), ...(component === undefined ? [] : [component.at])],
        why: WHY,
        fix: `env_file: ${name} on the service (compose), or a Secret made from it (Kubernetes)`,
      },
    ];
  });
}

/** A framework of the repository loads such files by their names. */
function hasLoader(unit: Unit): boolean {
  return unit.repository.documents
    .of("application-manifest")
    .some(({ dependencies }) =>
      ["next", "vite", "react-scripts", "nuxt", "dotenv-flow", "@nestjs/config"].some((name) =>
        dependencies.has(name),
      ),
    );
}

/** Components that run the repository's own program. */
function programs(unit: Unit): readonly Component[] {
  return unit.facts
    .of("component")
    .filter(({ build, image }) => build !== undefined || !isProduct(image?.value ?? ""));
}

const PRODUCTS =
  "postgres mysql mariadb redis mongo nginx haproxy prom grafana elasticsearch kibana logstash " +
  "rabbitmq kafka nacos minio traefik caddy zookeeper memcached alertmanager";
const PRODUCT = new RegExp(`(^|/)(${PRODUCTS.replaceAll(" ", "|")})`);

function isProduct(image: string): boolean {
  return PRODUCT.test(image);
}

/** Secrets that a Spring application reads and that none of its containers is given. */
function missing(unit: Unit): readonly Found[] {
  const own = programs(unit);
  // A file that is not in the tree may deliver anything.
  if (own.length === 0 || own.some((component) => isOpen(unit, component))) return [];
  const given = givenTo(unit);
  const files = new Map<string, EnvironmentRead[]>();
  for (const read of unit.facts.of("environment-read")) {
    if (!isRequired(read) || given.has(read.name)) continue;
    const file = read.at.as ?? read.at.file;
    if (isAside(file) || /(?:^|_)TEST(?:_|$)/.test(read.name)) continue;
    files.set(file, [...(files.get(file) ?? []), read]);
  }
  const running = [...files].filter(
    ([file]) => !isOfOtherProfile(unit, file) && !isOfOtherPlatform(unit, file),
  );
  // Services of one kind read the same names: said once.
  const groups = Map.groupBy(running, ([, reads]) =>
    [...new Set(reads.map(({ name }) => name))].sort().join(" "),
  );
  return [...groups.values()].flatMap((group): readonly Found[] => {
    const reads = group.flatMap(([, all]) => all);
    const [first, ...others] = reads;
    const [component] = own;
    if (first === undefined || component === undefined) return [];
    const names = [...new Set(reads.map(({ name }) => name))];
    return [
      {
        // An empty default that is written is a way to run: for a feature that is off.
        severity: reads.every((read) => isLeftOpen(read)) ? "note" : "warning",
        message: `${names.join(", ")}: read by the application, given to no container`,
        places: [first.at, ...others.map((read) => read.at), component.at],
        why: WHY,
        fix: `pass ${names[0]} in the service's environment, with \${${names[0]}:?} as its guard`,
      },
    ];
  });
}

/** Pipelines, tests and tools at the side are given their variables by whoever runs them. */
function isAside(path: string): boolean {
  return /(?:^|\/)(?:\.[\w-]+|ci|tests?|e2e|tools?|examples?|docs?|benchmarks?)\//i.test(path);
}

/** `application-kubernetes.yml`, and nothing of the unit runs in a cluster. */
function isOfOtherPlatform(unit: Unit, path: string): boolean {
  const isClusters = /-(?:kubernetes|k8s|openshift|eks|gke|aks)\.(?:ya?ml|properties)$/.test(path);
  return (
    isClusters && !unit.facts.of("component").some(({ platform }) => platform === "kubernetes")
  );
}

/** An empty default, and neither its name nor its file says that production needs the value. */
function isLeftOpen({ name, fallback, at: { file, as } }: EnvironmentRead): boolean {
  if (fallback !== "") return false;
  return !/(?:^|_)(?:PROD|PRODUCTION|ADMIN|JWT)(?:_|$)/.test(name) && !/-prod/.test(as ?? file);
}

/** Only Spring's `${NAME}` and `${SECRET:}`, and what source insists on, is certain enough. */
function isRequired({ name, fallback, at: { file, as } }: EnvironmentRead): boolean {
  if (fallback === undefined) return /\.(ya?ml|properties|py|rb)$/.test(as ?? file);
  return fallback === "" && isSecretName(name) && /\.(ya?ml|properties)$/.test(as ?? file);
}

function isOpen(unit: Unit, { environmentFiles, environment, platform }: Component): boolean {
  if (environmentFiles.some(({ value }) => !unit.documents.tree.has(value))) return true;
  return (
    platform === "kubernetes" && [...environment.values()].some(({ from }) => from !== undefined)
  );
}

const CREDENTIAL = new RegExp(
  "pass|secret|token|credential|dsn|connection|" +
    "(database|db|jdbc|datasource|redis|mongo|amqp)[\\w.]*_?(url|uri)",
  "i",
);

/** The profile, which is here to be read, has the rest. */
const PROFILED = /^SPRING_(?:PROFILES_ACTIVE|CONFIG_)/;

function isOfCompose({ file, as }: Location): boolean {
  return /\.ya?ml$/.test(as ?? file);
}

/** A program of this repository that starts after a store with a password, and is told none. */
function clientsWithoutCredentials(unit: Unit): readonly Found[] {
  const stores = unit.facts
    .of("component")
    .filter(({ environment }) =>
      [...environment.keys()].some((name) =>
        /^(MYSQL|MARIADB|POSTGRES|MONGO_INITDB)_.*PASSWORD$/.test(name),
      ),
    );
  const hasProfiles = unit.repository.documents
    .of("spring-configuration")
    .some(({ keys, profile }) => profile !== undefined && keys.length > 0);
  const clients = unit.facts.of("component").filter((client) => {
    if (client.build === undefined || client.environmentFiles.length > 0) return false;
    if (client.mounts.some(({ type }) => type === "bind" || type === "secret")) return false;
    // What the image itself sets says nothing of how the service is configured.
    const own = [...client.environment].filter(([, { at: place }]) => isOfCompose(place));
    if (own.length === 0 || (hasProfiles && own.some(([name]) => PROFILED.test(name)))) {
      return false;
    }
    if (own.some(([name, { value }]) => name.endsWith("_ENV") && value === "test")) return false;
    return ![...client.environment.keys()].some((name) => CREDENTIAL.test(name));
  });
  const pairs = clients.flatMap((client) => {
    const store = stores.find(({ name }) =>
      client.dependsOn.some(({ value }) => value.name === name),
    );
    return store === undefined ? [] : [{ client, store }];
  });
  const [first] = pairs;
  if (first === undefined) return [];
  return [
    {
      severity: "warning",
      message:
        `${pairs.map(({ client }) => client.name).join(", ")} start after ${first.store.name} ` +
        "and are given no credentials for it",
      places: [
        [...first.client.environment.values()][0]?.at ?? first.client.at,
        ...pairs.slice(1).map(({ client }) => client.at),
        first.store.at,
      ],
      why: WHY,
      fix: "pass the user and password of the store, from the same secret",
    },
  ];
}

/** Secrets that no pod, ingress or account of the unit names: said once for each file. */
function secretsOfNobody(unit: Unit): readonly Found[] {
  return unit.documents.of("manifest").flatMap(({ objects, file }): readonly Found[] => {
    const unused = objects.flatMap((object) => {
      if (object.kind !== "Secret" || object.template || object.name === "") return [];
      if (isMentioned(unit, { text: object.name, except: file.path })) return [];
      const pod = unit.facts
        .of("component")
        .find(
          ({ platform, namespace }) => platform === "kubernetes" && namespace === object.namespace,
        );
      if (pod === undefined || file.text.split(object.name).length > 2) return [];
      return [{ object, pod }];
    });
    const [first, ...others] = unused;
    if (first === undefined) return [];
    const names = unused.map(({ object }) => object.name).join(", ");
    return [
      {
        severity: "warning",
        message: `no pod is given the Secret ${names}`,
        places: [
          at(file, first.object.line),
          ...others.map(({ object }) => at(file, object.line)),
          first.pod.at,
        ],
        why: WHY,
        fix:
          `envFrom: [{ secretRef: { name: ${first.object.name} } }] on the container that ` +
          "needs it",
      },
    ];
  });
}
