// The cache client of version 5.
import * as cache from 'cache-5'
import * as core from '@actions/core'
import { cacheRoundTrip } from './kept/cache.js'

cacheRoundTrip('5', cache).catch((error) => core.setFailed(error.stack))
