// Numbers, sizes and times as people read them, in the viewer's language and time zone.

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' });
const absolute = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'long' });
const units = [['day', 86_400], ['hour', 3_600], ['minute', 60], ['second', 1]];

/** "5 min. ago" */
export function ago(time, now = Date.now()) {
    const seconds = (Date.parse(time) - now) / 1000;
    if (Math.abs(seconds) < 5) {
        return 'now';
    }

    const [unit, length] = units.find(([, length]) => Math.abs(seconds) >= length) ?? units.at(-1);
    return relative.format(Math.trunc(seconds / length), unit);
}

/** The moment in the viewer's time zone. */
export const moment = time => absolute.format(new Date(time));

/** "1:02:03", or "2:03.4" with parts of a second */
export function clock(milliseconds, { hasParts = false } = {}) {
    const total = Math.max(0, milliseconds) / 1000;
    const hours = Math.floor(total / 3600);
    const minutes = Math.floor(total / 60) % 60;
    const seconds = hasParts ? (Math.floor(total * 10) / 10 % 60).toFixed(1) : String(Math.floor(total % 60));
    const padded = seconds.padStart(hasParts ? 4 : 2, '0');
    return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${padded}` : `${minutes}:${padded}`;
}

/** "1.5 MB" */
export function bytes(count) {
    const names = ['bytes', 'kB', 'MB', 'GB', 'TB'];
    let value = Number(count);
    let index = 0;
    while (value >= 1000 && index < names.length - 1) {
        value /= 1000;
        index++;
    }

    return `${index === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${names[index]}`;
}

export const count = number => Number(number).toLocaleString();

/** "3 frames" */
export const counted = (number, one, several = `${one}s`) => `${count(number)} ${Number(number) === 1 ? one : several}`;

/** The part of an enum value after its type: JOB_STATUS_RUNNING becomes "running". */
export const word = (value, type) => value.replace(`${type}_`, '').toLowerCase().replaceAll('_', ' ');

/** "camera=south", or "camera" */
export const tagInWords = (key, value) => value ? `${key}=${value}` : key;
