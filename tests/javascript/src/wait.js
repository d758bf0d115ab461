// Goes on when a file appears, and says so once more in a file of its own.
import * as core from '@actions/core'
import fs from 'node:fs'

const stage = core.getState('waited') ? 'post' : 'main'

async function run() {
  core.saveState('waited', 'yes')
  core.info(`${stage} waits`)
  while (!fs.existsSync(`go-${stage}`)) await new Promise((resolve) => setTimeout(resolve, 20))
  fs.appendFileSync('stages', `${stage}\n`)
  core.setOutput('stage', stage)
  if (stage === 'main') core.setFailed('main fails after waiting')
}

run()
