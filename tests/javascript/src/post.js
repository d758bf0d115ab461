// After all steps of the job.
import * as core from '@actions/core'

core.info(`post of ${core.getInput('who')}: main left ${core.getState('who') || 'nothing'}`)
if (core.getInput('post-fails') === 'true') core.setFailed('the clean-up failed')
