import { baseName, type SourceFile } from "../source.ts";
import type { PipelineDocument, PipelineJob } from "./delivery.ts";
import { readGroovy, type GroovyStatement, type GroovyToken } from "./groovy.ts";

const CHARACTERS_MAX = 500_000;
const STAGES_MAX = 500;

/** A declarative Jenkinsfile: `pipeline {` with `stage('…')`. A scripted one is not read. */
export function readJenkins(file: SourceFile): PipelineDocument | undefined {
  const named = /^Jenkinsfile|\.(groovy|jenkins(file)?)$/i.test(baseName(file.path));
  if (!named || file.text.length > CHARACTERS_MAX) return undefined;
  if (!/\bpipeline\s*\{/.test(file.text)) return undefined;
  const statements = readGroovy(file.text);
  const pipeline = statements.find(({ tokens, block }) => {
    return tokens[0]?.text === "pipeline" && block !== undefined;
  });
  const jobs: PipelineJob[] = [];
  const variables = variablesIn(pipeline?.block ?? []);
  stagesIn(pipeline?.block ?? [], { condition: undefined, variables }, jobs);
  if (jobs.length === 0) return undefined;
  return {
    kind: "pipeline",
    system: "jenkins",
    file,
    stages: jobs.map(({ name }) => name),
    triggers: [],
    // Steps of a shared library are known by its configuration in Jenkins, or named here.
    open: /@Library\b|^[ \t]*library\b/m.test(file.text),
    jobs,
    problems: [],
  };
}

type Condition = PipelineJob["condition"];

/** What a stage has from those around it. */
interface Outer {
  readonly condition: Condition;
  readonly variables: ReadonlyMap<string, string>;
}

/** `environment { NAME = 'value' }`. */
function variablesIn(statements: readonly GroovyStatement[]): ReadonlyMap<string, string> {
  const environment = statements.find(({ tokens }) => tokens[0]?.text === "environment");
  return new Map(
    (environment?.block ?? []).flatMap(({ tokens: [name, sign, value] }) =>
      name !== undefined && sign?.text === "=" && value?.type === "text"
        ? [[name.text, value.text] as const]
        : [],
    ),
  );
}

function stagesIn(statements: readonly GroovyStatement[], outer: Outer, jobs: PipelineJob[]): void {
  for (const statement of statements) {
    if (statement.block === undefined || jobs.length >= STAGES_MAX) continue;
    const [first, ...rest] = statement.tokens;
    const name = rest.find(({ type }) => type === "text")?.text;
    if (first?.text !== "stage" || name === undefined) {
      if (first?.text !== "post") stagesIn(statement.block, outer, jobs);
      continue;
    }
    const here: Outer = {
      condition: conditionOf(statement.block) ?? outer.condition,
      variables: new Map([...outer.variables, ...variablesIn(statement.block)]),
    };
    jobs.push(jobOf({ name, line: statement.line, block: statement.block, ...here }));
    const inner = statement.block.filter(({ tokens }) => tokens[0]?.text !== "steps");
    stagesIn(inner, here, jobs);
  }
}

function conditionOf(block: readonly GroovyStatement[]): Condition {
  const when = block.find(({ tokens }) => tokens[0]?.text === "when");
  if (when?.block === undefined) return undefined;
  return { line: when.line, text: textOf(when.block).slice(0, 2000) };
}

function textOf(statements: readonly GroovyStatement[], depth = 0): string {
  return statements
    .map(({ tokens, block }) => {
      const own = tokens.map(({ text }) => text).join(" ");
      return block === undefined || depth > 20 ? own : `${own} { ${textOf(block, depth + 1)} }`;
    })
    .join("\n");
}

interface Stage extends Outer {
  readonly name: string;
  readonly line: number;
  readonly block: readonly GroovyStatement[];
}

function jobOf({ name, line, block, condition, variables }: Stage): PipelineJob {
  const reading: Reading = { commands: [], uses: [], images: new Map() };
  const steps = block.filter(({ tokens }) => tokens[0]?.text === "steps");
  for (const { block: own } of steps) read(own ?? [], reading, { scripted: false, depth: 0 });
  return {
    name,
    line,
    stage: name,
    needs: undefined,
    restricted: condition !== undefined,
    manual: steps.some(({ block: own }) => own?.some(({ tokens }) => tokens[0]?.text === "input")),
    unread: false,
    hosted: false,
    commands: reading.commands,
    uses: reading.uses,
    services: [],
    caches: [],
    variables,
    ...(condition === undefined ? {} : { condition }),
  };
}

interface Reading {
  readonly commands: { line: number; text: string; conditional: boolean }[];
  readonly uses: {
    line: number;
    name: string;
    given: string;
    conditional: boolean;
    scripted: boolean;
  }[];
  /** Variables that hold an image: `def app = docker.build(…)`. */
  readonly images: Map<string, string>;
}

interface Where {
  /** Inside `script { }` names may be variables, methods and whatever else Groovy has. */
  readonly scripted: boolean;
  readonly depth: number;
}

const CONTROL = new Set(["if", "else", "for", "while", "switch", "try", "catch", "finally"]);

function read(statements: readonly GroovyStatement[], reading: Reading, where: Where): void {
  for (const { tokens, block, line } of statements) {
    const [first] = tokens;
    const control = first !== undefined && CONTROL.has(first.text);
    if (first?.type === "word" && !control) step(tokens, line, { reading, where });
    imagesIn(tokens, reading);
    if (block === undefined || where.depth > 50) continue;
    const scripted = where.scripted || control || first?.text === "script";
    read(block, reading, { scripted, depth: where.depth + 1 });
  }
}

/** `sh '…'`, `def out = sh(script: '…', returnStdout: true)`, `name …`. */
function step(
  tokens: readonly GroovyToken[],
  line: number,
  { reading, where }: { readonly reading: Reading; readonly where: Where },
): void {
  const conditional = where.scripted;
  const shell = tokens.findIndex(({ type, text }) => type === "word" && text === "sh");
  const command = shell < 0 ? undefined : scriptOf(tokens.slice(shell + 1));
  if (command !== undefined) {
    reading.commands.push({ line: command.line, text: command.text, conditional });
    return;
  }
  const [first, second] = tokens;
  if (first?.text === "docker.build" || first?.text === "docker.image") return;
  if (
    first === undefined ||
    (second?.type === "sign" && second.text !== "(" && second.text !== "[")
  )
    return;
  const given = tokens
    .slice(1)
    .map(({ text }) => text)
    .join(" ");
  reading.uses.push({ line, name: first.text, given, conditional, scripted: where.scripted });
}

function scriptOf(tokens: readonly GroovyToken[]): GroovyToken | undefined {
  const label = tokens.findIndex(({ text }, index) => {
    return text === "script" && tokens[index + 1]?.text === ":";
  });
  const from = label < 0 ? 0 : label + 2;
  const found = tokens.slice(from).find(({ type }) => type !== "sign");
  return found?.type === "text" ? found : undefined;
}

/** `docker.build("x")`, `docker.image("x").push("tag")`, `app.push()`. */
function imagesIn(tokens: readonly GroovyToken[], { uses, images }: Reading): void {
  let image: string | undefined;
  for (const [index, { type, text, line }] of tokens.entries()) {
    if (type !== "word") continue;
    const given = tokens[index + 1]?.text === "(" ? tokens[index + 2] : undefined;
    const value = given?.type === "text" ? given.text : undefined;
    const made = { line, conditional: true, scripted: true };
    if ((text === "docker.build" || text === "docker.image") && value !== undefined) {
      image = value;
      if (text === "docker.build") uses.push({ ...made, name: "docker.build", given: value });
      const variable = tokens[index - 1]?.text === "=" ? tokens[index - 2]?.text : undefined;
      if (variable !== undefined) images.set(variable, value);
    }
    const owner = text.endsWith(".push") ? text.slice(0, -".push".length) : undefined;
    const pushed = owner === undefined ? undefined : owner === "" ? image : images.get(owner);
    if (pushed === undefined || given === undefined) continue;
    uses.push({
      ...made,
      name: "docker.push",
      given: value === undefined ? pushed : tagged(pushed, value),
    });
  }
}

/** `push("latest")` pushes the same repository under another tag. */
function tagged(image: string, tag: string): string {
  const colon = /:(?:[\w.-]|\$\{[^}]{0,200}\}){0,200}$/.exec(image)?.index ?? image.length;
  return `${image.slice(0, colon)}:${tag}`;
}
