// The cache client of version 6.
import * as cache from 'cache-6'
import * as core from '@actions/core'
import { cacheRoundTrip } from './kept/cache.js'

cacheRoundTrip('6', cache).catch((error) => core.setFailed(error.stack))
