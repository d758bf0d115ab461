// The cache client of version 4.
import * as cache from 'cache-4'
import * as core from '@actions/core'
import { cacheRoundTrip } from './kept/cache.js'

cacheRoundTrip('4', cache).catch((error) => core.setFailed(error.stack))
