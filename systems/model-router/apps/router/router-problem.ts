import { type RenderProblem, problemMembers } from "@seaworthy/service-kit/problem";

/**
 * `application/problem+json` with one member more: `error`, in the shape that OpenAI's clients read
 * (they parse the body whatever its type), so that a person, a program and an SDK see the same.
 */
export const renderRouterProblem: RenderProblem = (problem, requestId) => {
  const type = problem.status < 500 ? "invalid_request_error" : "server_error";
  const { title: message, code, param = null } = problem;
  const error = { message, type, param, code };
  return {
    contentType: "application/problem+json",
    body: JSON.stringify({ ...problemMembers(problem, requestId), error }),
  };
};
