import type { Statement } from "./shell-syntax.ts";
import { plainText } from "./shell-word.ts";

/** Names that scripts give to functions that print and exit, where their file is not seen. */
const EXITING_NAMES = ["die", "fatal", "abort", "error_exit", "fail_exit", "exit_with_error"];
const LEAVING = new Set(["exit", "return", "exec"]);

/** The functions of a script that end it: `exit` stands at the top of their body. */
export function exitingFunctions(statements: readonly Statement[]): ReadonlySet<string> {
  const names = new Set(EXITING_NAMES);
  // Twice: a function may exit by calling one that is defined after it.
  for (let round = 0; round < 2; round += 1) {
    for (const statement of statements) {
      if (statement.type !== "function") continue;
      if (statement.body.some((inner) => endsScript(inner, names))) names.add(statement.name);
    }
  }
  return names;
}

function endsScript(statement: Statement, names: ReadonlySet<string>): boolean {
  if (statement.type === "chain") return false;
  if (statement.type !== "simple") return false;
  const [program] = statement.words.map(plainText);
  return program === "exit" || (program !== undefined && names.has(program));
}

/** Whether whoever comes here does not go on after it: an exit, a return, a function that exits. */
export function leaves(statements: readonly Statement[], exiting: ReadonlySet<string>): boolean {
  return statements.some((statement) => leavesOne(statement, exiting));
}

function leavesOne(statement: Statement, exiting: ReadonlySet<string>): boolean {
  switch (statement.type) {
    case "simple": {
      const program = statement.words[0] === undefined ? undefined : plainText(statement.words[0]);
      return program !== undefined && (LEAVING.has(program) || exiting.has(program));
    }
    case "group":
      return !statement.subshell && leaves(statement.body, exiting);
    case "chain":
      // `log "…" && exit 1` leaves whenever the message could be printed.
      return statement.operator === "&&" && leavesOne(statement.right, exiting);
    case "if":
      return (
        statement.branches.every(({ body }) => leaves(body, exiting)) &&
        leaves(statement.otherwise, exiting)
      );
    case "pipeline":
    case "loop":
    case "case":
    case "function":
      return false;
  }
}
