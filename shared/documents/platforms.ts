/** Platforms of images: CreateImage and ImportImage, with their older names. */

export const ARCHITECTURES = ["x86_64", "i386", "arm64"] as const;

/** CreateImage.BootMode. */
export const BOOT_MODES = ["BIOS", "UEFI", "UEFI-Preferred"] as const;

/** CreateImage.Platform; the cloud's default is Others Linux. */
export const PLATFORMS = [
  "Aliyun",
  "Aliyun Linux", // document 003
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
  "Windows 7", // document 003
] as const;
