// Colors of labels: those of Okabe and Ito, which people with any color vision tell apart. The label is always written
// too.

const colors = ['#56b4e9', '#e69f00', '#16b88a', '#f0e442', '#e8702a', '#cc79a7', '#6f9bff'];

/** Color of texts, zones and shots. */
export const textColor = '#f5f0e6';
export const zoneColor = '#16b88a';
export const shotColors = ['#7d8ca3', '#a9b5c7'];

const known = new Map();

/** The color of a label. The first labels of a page have different ones. */
export function colorOf(label) {
    let color = known.get(label);
    if (!color) {
        let hash = 0;
        for (const letter of label) {
            hash = (hash * 31 + letter.codePointAt(0)) % 997;
        }

        const taken = new Set(known.values());
        const start = hash % colors.length;
        color = colors.map((_, step) => colors[(start + step) % colors.length]).find(each => !taken.has(each))
            ?? colors[start];
        known.set(label, color);
    }

    return color;
}
