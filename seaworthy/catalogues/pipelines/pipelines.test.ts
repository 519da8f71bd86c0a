import assert from "node:assert/strict";
import { test } from "node:test";
import { entryProgram, entryProgramSources } from "./entry-programs.ts";
import { jenkinsStepSources, misspeltStep, unusableStep } from "./jenkins-steps.ts";

test("a step is misspelt only where one letter or the case is wrong", () => {
  const cases = {
    archiveArtifact: "archiveArtifacts",
    cleanWS: "cleanWs",
    withCredential: "withCredentials",
    chekout: "checkout",
    checkout: undefined,
    deployToStaging: undefined,
    notify: undefined,
    zip: undefined,
    "": undefined,
  };
  for (const [name, step] of Object.entries(cases)) assert.equal(misspeltStep(name), step, name);
});

test("a step of a withdrawn plugin and a step of another system are told", () => {
  assert.match(unusableStep("kubernetesDeploy")?.because ?? "", /suspended/);
  assert.match(unusableStep("publishTestResults")?.instead ?? "", /junit/);
  assert.equal(unusableStep("junit"), undefined);
});

test("an image's program is known by registry and repository, whatever the tag", () => {
  assert.equal(entryProgram("bitnami/kubectl:1.30"), "kubectl");
  assert.equal(entryProgram("docker.io/hashicorp/terraform"), "terraform");
  assert.equal(entryProgram("public.ecr.aws/aws-cli/aws-cli:2"), "aws");
  assert.equal(entryProgram("registry.example/hashicorp/terraform"), undefined);
  assert.equal(entryProgram("alpine/k8s:1.30.0"), undefined);
  assert.equal(entryProgram(""), undefined);
});

test("every fact has a source that can be opened", () => {
  const sources = [...entryProgramSources(), ...jenkinsStepSources().flat()];
  assert.ok(sources.length > 20);
  for (const source of sources) assert.ok(URL.canParse(source), source);
});
