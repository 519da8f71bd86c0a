import assert from "node:assert/strict";
import { test } from "node:test";
import { suggestion } from "../../system/nearest.ts";
import { isJenkinsWord, jenkinsPluginsOf, jenkinsSources, jenkinsSteps } from "./jenkins.ts";

test("a step is known by the plugin that brings it", () => {
  assert.deepEqual(jenkinsPluginsOf("sh"), ["workflow-durable-task-step"]);
  assert.deepEqual(jenkinsPluginsOf("slackSend"), ["slack"]);
  assert.deepEqual(jenkinsPluginsOf("withCredentials"), ["credentials-binding"]);
  assert.ok(jenkinsPluginsOf("addBadge").length > 1);
});

test("a step that nobody brings is unknown, and the nearest one is found", () => {
  for (const step of ["deployToProduction", "shell", "", "constructor"]) {
    assert.deepEqual(jenkinsPluginsOf(step), [], step);
  }
  assert.match(suggestion("archiveArtifact", jenkinsSteps()), /`archiveArtifacts`/u);
});

test("words of the declarative syntax are known where they stand", () => {
  assert.ok(isJenkinsWord("postConditions", "always") && isJenkinsWord("sections", "stages"));
  assert.ok(isJenkinsWord("when", "branch") && isJenkinsWord("globals", "docker"));
  assert.ok(!isJenkinsWord("postConditions", "finally") && !isJenkinsWord("options", "sh"));
});

test("the list has a source", () => {
  assert.ok(jenkinsSources().length > 0);
});
