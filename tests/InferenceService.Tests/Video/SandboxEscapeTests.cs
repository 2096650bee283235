using System.Runtime.InteropServices;
using ForegSyte.Inference.V1;
using ForegSyte.Testing;
using Microsoft.Win32.SafeHandles;

namespace ForegSyte.Inference.Tests.Video;

/// <summary>What a decoder that an attacker has taken over tries against the kernel and the machine's memory.</summary>
public sealed class SandboxEscapeTests : IDisposable
{
    private const int PermissionDenied = 1;
    private const int NoSuchCall = 38;

    /// <summary>128 + SIGSYS.</summary>
    private const int KilledByTheFilter = 128 + 31;

    /// <summary>F_SETFD of fcntl(2).</summary>
    private const int SetDescriptorFlags = 2;

    private readonly TemporaryFolder _folder = new();

    private static bool IsArm => RuntimeInformation.OSArchitecture == Architecture.Arm64;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Files_RootIsReadOnly()
    {
        // Each folder and each empty file of a file system in memory takes memory that no limit of the process counts.
        var seen = await HostileDecoder.RunAsync(
            _folder.File("video.mp4"),
            SandboxLevel.Files,
            $$"""
            my ($folders, $files, $why) = (0, 0, "");
            for my $parent ("", "/etc", "/usr", "{{_folder.Path}}", "/tmp", "/dev/shm", "/var/tmp", "/run") {
                for my $n (1 .. 100) {
                    $folders += mkdir("$parent/folder$n") ? 1 : 0;
                    if (open(my $new, ">", "$parent/file$n")) { $files++ } elsif (!$parent) { $why = 0 + $! }
                }
            }
            print "$folders folders, $files files, $why\n";
            """);

        // EROFS, the answer of a read-only file system: without it, the filter alone would allow new files.
        Assert.Equal(["0 folders, 0 files, 30"], seen.Output);
    }

    [Theory]
    [InlineData("fork", 57, 220, PermissionDenied)]
    [InlineData("clone in a new user namespace", 56, 220, PermissionDenied, 0x1001_0000)]
    [InlineData("clone3", 435, 435, NoSuchCall)]
    [InlineData("vfork", 58, 220, NoSuchCall, 0x1001_0000)]
    [InlineData("socket", 41, 198, NoSuchCall, 1, 1, 0)]
    [InlineData("ptrace", 101, 117, NoSuchCall)]
    [InlineData("unshare", 272, 97, NoSuchCall, 0x1000_0000)]
    [InlineData("setns", 308, 268, NoSuchCall)]
    [InlineData("mount", 165, 40, NoSuchCall)]
    [InlineData("chroot", 161, 51, NoSuchCall)]
    [InlineData("bpf", 321, 280, NoSuchCall)]
    [InlineData("io_uring_setup", 425, 425, NoSuchCall)]
    [InlineData("userfaultfd", 323, 282, NoSuchCall)]
    [InlineData("perf_event_open", 298, 241, NoSuchCall)]
    [InlineData("add_key", 248, 217, NoSuchCall)]
    [InlineData("personality", 135, 92, NoSuchCall)]
    [InlineData("kill", 62, 129, NoSuchCall, 1, 0)]
    [InlineData("shmget", 29, 194, NoSuchCall, 0, 1048576, 0x1FF)]
    [InlineData("semget", 64, 190, NoSuchCall, 0, 250, 0x1FF)]
    [InlineData("msgget", 68, 186, NoSuchCall, 0, 0x1FF)]
    [InlineData("mq_open", 240, 180, NoSuchCall)]
    [InlineData("memfd_create", 319, 279, NoSuchCall)]
    [InlineData("pipe2", 293, 59, NoSuchCall)]
    [InlineData("eventfd2", 290, 19, NoSuchCall)]
    [InlineData("inotify_init1", 294, 26, NoSuchCall)]
    [InlineData("timer_create", 222, 107, NoSuchCall)]
    [InlineData("mlock", 149, 228, NoSuchCall)]
    [InlineData("a call that this kernel does not know yet", 9999, 9999, NoSuchCall)]
    [InlineData("ioctl TIOCSTI", 16, 29, PermissionDenied, 2, 0x5412, 0)]
    [InlineData("prctl PR_SET_DUMPABLE", 157, 167, PermissionDenied, 4, 1)]
    public async Task Files_CallThatNoDecoderNeeds_IsRefused(
        string call, int x64, int arm, int error, params int[] arguments)
    {
        var number = IsArm ? arm : x64;
        var six = string.Join(", ", arguments.Concat(new int[6]).Take(6));

        var seen = await HostileDecoder.RunAsync(
            _folder.File("video.mp4"),
            SandboxLevel.Files,
            // The number of fork is a call of its own on x86-64; on ARM fork is clone without flags, as in libc.
            call == "fork"
                ? "my $id = fork(); print defined($id) ? 'done' : 0 + $!, qq(\\n);"
                : $"print syscall({number}, {six}) != -1 ? 'done' : 0 + $!, qq(\\n);");

        Assert.Equal([$"{error}"], seen.Output);
    }

    [Theory]
    [InlineData("x32", "syscall(0x40000000 + 39)")]
    [InlineData("i386", "run(pack('C*', 0xB8, 20, 0, 0, 0, 0xCD, 0x80, 0xC3))")] // mov eax, 20; int 0x80; ret
    public async Task Files_CallOfAnotherArchitecture_KillsTheDecoder(string architecture, string attempt)
    {
        Assert.SkipUnless(
            RuntimeInformation.OSArchitecture == Architecture.X64, $"Only x86-64 has calls of {architecture}.");

        var seen = await HostileDecoder.RunAsync(
            _folder.File("video.mp4"),
            SandboxLevel.Files,
            $$"""
            use DynaLoader;
            $| = 1;
            sub run {
                my ($code) = @_;
                my $at = unpack("J", pack("p", $code));
                syscall(10, $at & ~0xFFF, 8192, 7) == 0 or print "cannot make it executable\n"; # mprotect
                DynaLoader::dl_install_xsub("main::foreign", $at);
                foreign();
            }
            print "ready\n";
            {{attempt}};
            print "survived\n";
            """);

        Assert.Equal(["ready"], seen.Output);
        Assert.Equal(KilledByTheFilter, seen.ExitCode);
    }

    [Fact]
    public async Task Network_SharedMemoryOfADecoder_EndsWithIt()
    {
        var seen = await HostileDecoder.RunAsync(
            _folder.File("video.mp4"),
            SandboxLevel.Network,
            "my $id = shmget(0x464F5247, 4096, 0x380) // die; print qq(made\\n);");

        Assert.Equal(["made"], seen.Output);
        Assert.DoesNotContain(
            await File.ReadAllLinesAsync("/proc/sysvipc/shm", TestContext.Current.CancellationToken),
            line => line.TrimStart().StartsWith($"{0x464F5247} ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(SandboxLevel.Limits)]
    [InlineData(SandboxLevel.Network)]
    [InlineData(SandboxLevel.Files)]
    public async Task Decoder_HasNoDescriptorOfTheService(SandboxLevel level)
    {
        // As a descriptor that the service inherited, or that a native library opened without O_CLOEXEC.
        var secret = _folder.File("secret.txt");
        await File.WriteAllTextAsync(secret, "another tenant's", TestContext.Current.CancellationToken);
        using var leak = File.OpenHandle(secret);
        Assert.Equal(0, Control(leak, SetDescriptorFlags, 0));

        var seen = await HostileDecoder.RunAsync(
            _folder.File("video.mp4"),
            level,
            """
            my ($video) = (stat($0))[1];
            for my $number (0 .. 4096) {
                open(my $file, "<&=", $number) or next;
                my $inode = (stat($file))[1];
                print $number <= 2 ? "standard" : $inode == $video ? "the video" : "foreign: $number", "\n";
            }
            """);

        Assert.NotEmpty(seen.Output);
        Assert.DoesNotContain(seen.Output, line => line.StartsWith("foreign", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(SandboxLevel.Limits)]
    [InlineData(SandboxLevel.Network)]
    public async Task OutOfMemory_TheKernelEndsADecoderBeforeTheService(SandboxLevel level)
    {
        var seen = await HostileDecoder.RunAsync(
            _folder.File("video.mp4"), level, "open(my $file, '<', '/proc/self/oom_score_adj') or die; print <$file>;");

        Assert.Equal(["1000"], seen.Output);
    }

    [DllImport("libc", EntryPoint = "fcntl")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Control(SafeFileHandle file, int command, int value);
}
