// Before all steps of the job.
import * as core from '@actions/core'

core.info(`pre of ${core.getInput('who')}`)
core.saveState('before', 'kept')
