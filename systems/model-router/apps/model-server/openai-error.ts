import type { RenderProblem } from "@seaworthy/service-kit/problem";

/** The error body that OpenAI's clients read. */
export const renderOpenAiError: RenderProblem = (problem) => {
  const type = problem.status < 500 ? "invalid_request_error" : "server_error";
  const { title: message, code, param = null } = problem;
  return {
    contentType: "application/json",
    body: JSON.stringify({ error: { message, type, param, code } }),
  };
};
