/** Where a containerd keeps what, and finds what. */
export interface ContainerdPlaces {
  readonly root: string; //   what it keeps; its state and socket are under /run/containerd
  readonly netDir: string; // of CNI configurations
  readonly binDir: string; // of CNI plugins
  readonly pause: string; //  the image of all sandboxes
}

/**
 * The configuration of containerd in the version of its file: 2 for containerd 1, 3 for containerd 2. With the settings
 * that a machine without CAP_SYS_RESOURCE needs.
 */
export function containerdConfig(version: 2 | 3, places: ContainerdPlaces): string {
  return `version = ${version}
root = "${places.root}"
state = "/run/containerd/state"
[grpc]
  address = "/run/containerd/containerd.sock"
${version === 2 ? criV2(places) : criV3(places)}`;
}

function criV2({ netDir, binDir, pause }: ContainerdPlaces): string {
  return `[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pause}"
  restrict_oom_score_adj = true
  disable_tcp_service = true
  stream_server_address = "127.0.0.1"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${binDir}"
    conf_dir = "${netDir}"
`;
}

function criV3({ netDir, binDir, pause }: ContainerdPlaces): string {
  return `[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = "${pause}"
[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = true
  [plugins.'io.containerd.cri.v1.runtime'.cni]
    bin_dirs = ["${binDir}"]
    conf_dir = "${netDir}"
`;
}
