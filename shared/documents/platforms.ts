/** Platforms of images: CreateImage and ImportImage. */

export const ARCHITECTURES = ["x86_64", "i386", "arm64"] as const;

/** CreateImage.BootMode. */
export const BOOT_MODES = ["BIOS", "UEFI", "UEFI-Preferred"] as const;

const CURRENT = [
  "Aliyun",
  "Anolis",
  "CentOS",
  "CentOS Stream",
  "Ubuntu",
  "CoreOS",
  "SUSE",
  "OpenSUSE",
  "Debian",
  "FreeBSD",
  "RedHat",
  "Kylin",
  "UOS",
  "Fedora",
  "Fedora CoreOS",
  "AlmaLinux",
  "Rocky Linux",
  "Gentoo",
  "Customized Linux",
  "Others Linux",
  "Windows Server 2022",
  "Windows Server 2019",
  "Windows Server 2016",
  "Windows Server 2012",
  "Windows Server 2008",
  "Windows Server 2003",
] as const;

/** CreateImage.Platform; the cloud's default is Others Linux. The last two are older names. */
export const PLATFORMS = [...CURRENT, "Aliyun Linux", "Windows 7"] as const;

/** ImportImage.Platform, which has no older names. */
export const IMPORT_PLATFORMS = [...CURRENT, "Other Windows"] as const;
