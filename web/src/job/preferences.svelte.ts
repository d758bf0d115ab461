// How this person likes logs; kept in the browser.
//
// Works without storage too: then it lasts as long as the page.

const KEY = 'gantry.log.times';

function stored(): boolean {
  try {
    return localStorage.getItem(KEY) === 'shown';
  } catch {
    return false;
  }
}

let showTimes = $state(stored());

export const preferences = {
  get showTimes(): boolean {
    return showTimes;
  },
  set showTimes(value: boolean) {
    showTimes = value;
    try {
      localStorage.setItem(KEY, value ? 'shown' : 'hidden');
    } catch {
      // Storage is switched off: nothing to keep it in.
    }
  },
};
