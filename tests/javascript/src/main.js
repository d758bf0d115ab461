// Uses what the toolkit offers, one after the other.
import * as core from '@actions/core'
import * as exec from '@actions/exec'
import * as glob from '@actions/glob'
import * as cache from '@actions/tool-cache'
import fs from 'node:fs'
import path from 'node:path'

async function run() {
  const who = core.getInput('who', { required: true })
  core.info(`node ${process.versions.node.split('.')[0]} greets ${who} and ${core.getInput('other-one')}`)
  core.info(`running ${process.env.GITHUB_ACTION_REPOSITORY}@${process.env.GITHUB_ACTION_REF} in ${process.cwd()}`)
  core.info(`pre left ${core.getState('before') || 'nothing'}`)
  core.saveState('who', who)
  core.setOutput('greeting', `hello ${who}`)
  core.exportVariable('GREETED', who)

  core.setSecret('very-quiet-word')
  core.info('a very-quiet-word')

  core.notice('noted', { title: 'A title', file: 'src/a.js', startLine: 3 })
  core.warning('warned')
  core.debug('not shown')

  const { stdout, exitCode } = await exec.getExecOutput('sh', ['-c', 'echo from a child; exit 3'], {
    ignoreReturnCode: true,
    silent: true,
  })
  core.info(`child said ${stdout.trim()} and ended with ${exitCode}`)

  fs.writeFileSync('hashed.txt', 'x')
  core.info(`hash ${await glob.hashFiles('hashed.txt')}`)

  const tool = path.join(process.env.RUNNER_TEMP, 'made')
  fs.mkdirSync(tool)
  fs.writeFileSync(path.join(tool, 'greeter'), '#!/bin/sh\necho tool of $GREETED\n', { mode: 0o755 })
  const cached = await cache.cacheDir(tool, 'greeter', '1.2.3')
  core.addPath(cached)
  core.info(`found ${cache.find('greeter', '1.x') === cached}`)

  await core.summary.addHeading('Greeted').addRaw(who).write()
}

run().catch((error) => core.setFailed(error.message))
