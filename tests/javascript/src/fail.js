// Fails as actions do.
import * as core from '@actions/core'

core.saveState('who', core.getInput('who'))
core.setFailed('broken on purpose')
