// Texts that try to run, to load, or to break out. Each of them would set `window.hacked` or ask
// another host for something, if the page let it.

const RUN = 'window.hacked=1';

export const MARKDOWN_ATTACKS = [
  `<script>${RUN}</script>`,
  `<script src="https://evil.test/x.js"></script>`,
  `<img src=x onerror="${RUN}">`,
  `<img src="https://evil.test/pixel.png" alt="a picture elsewhere">`,
  `![picture](https://evil.test/p.png "t")`,
  `<svg onload="${RUN}"><animate onbegin="${RUN}" attributeName=x dur=1s></svg>`,
  `<svg><script>${RUN}</script></svg>`,
  `<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=${RUN}&gt;">`,
  `<iframe srcdoc="<script>parent.${RUN}</script>"></iframe>`,
  `<iframe src="javascript:parent.${RUN}"></iframe>`,
  `<object data="javascript:${RUN}"></object><embed src="javascript:${RUN}">`,
  `<details open ontoggle="${RUN}"><summary>open</summary>x</details>`,
  `<body onload="${RUN}"><input autofocus onfocus="${RUN}"><video><source onerror="${RUN}"></video>`,
  `<form action="https://evil.test/"><button formaction="javascript:${RUN}">press</button></form>`,
  `<a href="javascript:${RUN}">a</a> <a href="java&#10;script:${RUN}">b</a> <a href=" javascript:${RUN}">c</a>`,
  `<a href="data:text/html,<script>${RUN}</script>">d</a> <a href="vbscript:${RUN}">e</a>`,
  `[x](javascript:${RUN}) [y](<java\tscript:${RUN}>) [z](data:text/html;base64,PHNjcmlwdD4=)`,
  `<a href="https://evil.test/" target="_self" onclick="${RUN}">out</a>`,
  `[ref]: javascript:${RUN}\n\n[ref]`,
  `<style>body{display:none}@import url(https://evil.test/x.css);</style>`,
  `<link rel=stylesheet href="https://evil.test/x.css"><meta http-equiv=refresh content="0;url=https://evil.test/"><base href="https://evil.test/">`,
  `<p style="position:fixed;inset:0;background:url(https://evil.test/b.png)" id="app" class="button primary">over everything</p>`,
  `<template><script>${RUN}</script></template><noscript><img src=x onerror="${RUN}"></noscript>`,
  `<x-evil onclick="${RUN}" onmouseover="${RUN}">custom</x-evil>`,
  `<table background="https://evil.test/t.png"><tr><td background="https://evil.test/c.png">cell</td></tr></table>`,
  `<audio src="https://evil.test/a.mp3" autoplay></audio><picture><source srcset="https://evil.test/s.png"></picture>`,
  `\`\`\`html\n<script>${RUN}</script>\n\`\`\``,
  `<!--><script>${RUN}</script>-->`,
  `${'<div>'.repeat(2000)}deep${'</div>'.repeat(2000)}`,
];

/** Escapes that would move the cursor, set a title, make a link or ask the terminal something. */
export const ANSI_ATTACKS = [
  '\u001b]0;title\u0007after a title',
  `\u001b]8;;javascript:${RUN}\u001b\\a link that runs\u001b]8;;\u001b\\`,
  `\u001b]8;;https://evil.test/\u0007a link elsewhere\u001b]8;;\u0007`,
  '\u001b[2J\u001b[Hcleared',
  '\u001b[6n\u001b[cquestions',
  `\u001b[31m<img src=x onerror=${RUN}>\u001b[0m`,
  '\u001b[38;2;999;-1;7mno colour\u001b[38;5;999mneither\u001b[m',
  '\u001b[' + '1;'.repeat(5000) + 'mlong',
  '\u001bP+q544e\u001b\\a device string',
  '\u202Egnp.exe\u202C turned around',
  `##[error]<script>${RUN}</script>`,
  `##[group]<svg onload=${RUN}>`,
  '##[endgroup]',
];

/** Names of branches, workflows, people, environments, files. */
export const NAME_ATTACKS = [
  `"><img src=x onerror="${RUN}">`,
  `'-alert(1)-'`,
  `{{constructor.constructor('${RUN}')()}}`,
  '${7*7}',
  '../../../../api/gantry/logout',
  `javascript:${RUN}`,
  '\u202Etxt.exe',
  'a'.repeat(3000),
];
