// Says what its stage knows; the last stage of an action that has it everywhere.
import * as core from '@actions/core'

core.info(`main of ${core.getInput('who')}: pre left ${core.getState('before') || 'nothing'}`)
core.saveState('who', core.getInput('who'))
