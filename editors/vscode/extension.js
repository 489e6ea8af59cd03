// Starts `tnc lsp` and lets it speak with the editor.
"use strict";

const { commands, window, workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

async function start() {
  const [command, ...args] = workspace.getConfiguration("tnn").get("command");
  client = new LanguageClient(
    "tnn",
    "tnn",
    { command, args },
    { documentSelector: [{ language: "tnn" }] },
  );
  try {
    await client.start();
  } catch (error) {
    window.showErrorMessage(
      `\`${[command, ...args].join(" ")}\` did not start: ${error.message}. ` +
        'Install it with pip install "tnc[lsp]", or set tnn.command.',
    );
  }
}

async function stop() {
  const running = client;
  client = undefined;
  if (running && running.isRunning()) await running.stop();
}

exports.activate = async (context) => {
  context.subscriptions.push(
    commands.registerCommand("tnn.restart", async () => {
      await stop();
      await start();
    }),
  );
  await start();
};

exports.deactivate = stop;
