/** Debian's packages, for tests that install what they need. */

/** A mirror that fails once, or another installation, is no reason to go without. */
export const APT_OPTIONS = ["-o", "Acquire::Retries=3", "-o", "DPkg::Lock::Timeout=120"] as const;
