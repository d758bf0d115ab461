//! Check runs: brings what GitHub shows to the wanted state.
