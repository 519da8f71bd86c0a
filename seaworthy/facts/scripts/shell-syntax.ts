import type { Heredoc, Word } from "./shell-word.ts";

/** A script as a tree of statements. */
export type Statement =
  | SimpleStatement
  | { readonly type: "pipeline"; readonly negated: boolean; readonly parts: readonly Statement[] }
  | {
      readonly type: "chain";
      readonly operator: "&&" | "||";
      readonly left: Statement;
      readonly right: Statement;
    }
  | {
      readonly type: "if";
      readonly branches: readonly Branch[];
      readonly otherwise: readonly Statement[];
    }
  | LoopStatement
  | {
      readonly type: "case";
      readonly subject: Word;
      readonly arms: readonly { patterns: readonly Word[]; body: readonly Statement[] }[];
    }
  | {
      readonly type: "group";
      readonly subshell: boolean;
      readonly body: readonly Statement[];
      readonly redirects: readonly RedirectSyntax[];
    }
  | {
      readonly type: "function";
      readonly name: string;
      readonly line: number;
      readonly body: readonly Statement[];
    };

export interface SimpleStatement {
  readonly type: "simple";
  readonly line: number;
  readonly assignments: readonly AssignmentSyntax[];
  readonly words: readonly Word[];
  readonly redirects: readonly RedirectSyntax[];
  background: boolean;
}

export interface LoopStatement {
  readonly type: "loop";
  readonly line: number;
  readonly keyword: "for" | "while" | "until";
  /** `for NAME in WORDS`. */
  readonly variable?: string;
  readonly words: readonly Word[];
  readonly condition: readonly Statement[];
  readonly body: readonly Statement[];
  readonly redirects: readonly RedirectSyntax[];
}

export interface Branch {
  readonly condition: readonly Statement[];
  readonly body: readonly Statement[];
}

export interface AssignmentSyntax {
  readonly name: string;
  readonly line: number;
  readonly adds: boolean;
  readonly value: Word;
}

export interface RedirectSyntax {
  readonly operator: string;
  readonly descriptor: string;
  readonly line: number;
  readonly target?: Word;
  readonly heredoc?: Heredoc;
}
