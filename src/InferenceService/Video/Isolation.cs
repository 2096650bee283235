using ForegSyte.V1;

namespace ForegSyte.Inference.Video;

/// <summary>A command that takes something away from the program after it.</summary>
/// <param name="Level">What is reached with it.</param>
/// <param name="Command">Program and arguments; they go on with the program to run.</param>
/// <param name="Measure">What it takes away, for people.</param>
/// <param name="EndsWithTheService">Whether it also sees to it that nothing outlives the service.</param>
internal sealed record Isolation(
    SandboxLevel Level, IReadOnlyList<string> Command, string Measure, bool EndsWithTheService)
{
    /// <summary>
    /// Ways to a network namespace without a way out, the cheaper first: as root, and as a user of one's own
    /// (unprivileged user namespaces). Neither forks.
    /// </summary>
    private static readonly string[][] NetworkArguments = [["--net"], ["--user", "--map-current-user", "--net"]];

    /// <summary>A network of its own, by unshare(1).</summary>
    /// <param name="unshare">Path of unshare.</param>
    public static IEnumerable<Isolation> Networks(string unshare) =>
        NetworkArguments.Select(arguments => new Isolation(
            SandboxLevel.Network, [unshare, .. arguments], "no network", EndsWithTheService: false));

    /// <summary>A file system of its own, by bwrap(1).</summary>
    /// <param name="bwrap">Path of bwrap.</param>
    /// <param name="programs">Paths of the programs that may be run.</param>
    public static Isolation Files(string bwrap, IEnumerable<string> programs) => new(
        SandboxLevel.Files,
        Bubblewrap.Prefix(
            bwrap,
            programs,
            Environment.GetEnvironmentVariable("LD_LIBRARY_PATH") ?? "",
            !SystemCallFilter.ForThisMachine.IsEmpty),
        "no network, no file but the video, no other process, fewer system calls",
        EndsWithTheService: true);
}
