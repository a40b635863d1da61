/** Lists of processors as the kernel writes them: `"0-3,8"`. */

const CPU_LIST = /^\d{1,5}(-\d{1,5})?(,\d{1,5}(-\d{1,5})?)*$/;

export function isCpuList(text: string): boolean {
  return CPU_LIST.test(text);
}

/** The numbers, in the order in which they are written; none for an empty text. */
export function readCpuList(text: string): number[] {
  if (text.trim() === "") return [];
  return text.trim().split(",").flatMap((range) => {
    const [first, last = first] = range.split("-").map(Number);
    return Array.from({ length: Math.max(0, last! - first! + 1) }, (_, index) => first! + index);
  });
}
