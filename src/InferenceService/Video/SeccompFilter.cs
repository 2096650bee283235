using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace ForegSyte.Inference.Video;

/// <summary>
/// A seccomp filter in the form that bwrap --seccomp reads: an array of struct sock_filter (linux/filter.h). It allows
/// the system calls that FFmpeg and its libraries need to decode a file into a pipe, and refuses all others.
/// </summary>
/// <remarks>
/// The list comes from strace over the clips of Media.Tests, with calls of the same kind that other versions of the C
/// library use. A refused call fails with ENOSYS, as on an older kernel: libraries have another way for that, so that
/// an update which tries a new call does not end decoders. To extend the list, find the call with
/// <c>strace -f -o LOG ffmpeg …</c> and add its name and numbers here.
/// Threads are possible, new processes are not: a filter cannot see the flags of clone3, which fails, so that the C
/// library uses clone. execve is needed because bwrap sets the filter before it runs the program.
/// </remarks>
internal static class SeccompFilter
{
    // linux/bpf_common.h: load a word at an offset, jump if equal, jump if any bit is set, return.
    private const ushort Load = 0x20;
    private const ushort JumpIfEqual = 0x15;
    private const ushort JumpIfAnyBit = 0x45;
    private const ushort Return = 0x06;

    // linux/seccomp.h: return values of a filter, and offsets in struct seccomp_data.
    private const uint Allow = 0x7FFF_0000;
    private const uint FailWith = 0x0005_0000;
    private const uint KillProcess = 0x8000_0000;
    private const uint NumberAt = 0;
    private const uint ArchitectureAt = 4;
    private const uint FirstArgumentAt = 16;
    private const uint SecondArgumentAt = 24;

    private const uint NotPermitted = 1;
    private const uint NoSuchCall = 38;

    /// <summary>CLONE_THREAD: clone(2) makes a thread with it and a process without it.</summary>
    private const uint CloneThread = 0x0001_0000;

    /// <summary>The flags of clone(2) that make namespaces (CLONE_NEWNS, NEWCGROUP to NEWNET).</summary>
    private const uint CloneNamespaces = 0x7E02_0000;

    /// <summary>The bit in the numbers of the x32 calls of x86-64, which FFmpeg does not need.</summary>
    private const uint X32Bit = 0x4000_0000;

    private const int InstructionBytes = 8;

    /// <summary>
    /// Requests of ioctl(2) about terminals (TCGETS, TIOCGWINSZ), with which programs learn that they have none.
    /// </summary>
    private static readonly uint[] Ioctls = [0x5401, 0x5413];

    /// <summary>
    /// Operations of prctl(2): names of threads (PR_SET_NAME, PR_GET_NAME) and of memory (PR_SET_VMA), and libcap's
    /// question for the number of capabilities (PR_CAPBSET_READ).
    /// </summary>
    private static readonly uint[] Prctls = [15, 16, 0x5356_4D41, 23];

    /// <summary>
    /// The allowed calls and their numbers on x86-64 (asm/unistd_64.h) and 64-bit ARM (asm-generic/unistd.h); null for
    /// a call that the architecture does not have.
    /// </summary>
    private static readonly (string Name, uint X64, uint? Arm)[] Calls =
    [
        // Files and pipes.
        ("read", 0, 63), ("write", 1, 64), ("readv", 19, 65), ("writev", 20, 66), ("pread64", 17, 67),
        ("lseek", 8, 62), ("open", 2, null), ("openat", 257, 56), ("close", 3, 57), ("dup", 32, 23),
        ("fcntl", 72, 25), ("fadvise64", 221, 223), ("poll", 7, null), ("ppoll", 271, 73),
        ("stat", 4, null), ("fstat", 5, 80), ("lstat", 6, null), ("newfstatat", 262, 79), ("statx", 332, 291),
        ("statfs", 137, 43), ("fstatfs", 138, 44), ("getdents64", 217, 61), ("access", 21, null),
        ("faccessat", 269, 48), ("faccessat2", 439, 439), ("readlink", 89, null), ("readlinkat", 267, 78),

        // Memory.
        ("mmap", 9, 222), ("mprotect", 10, 226), ("munmap", 11, 215), ("mremap", 25, 216), ("madvise", 28, 233),
        ("brk", 12, 214),

        // Threads.
        ("futex", 202, 98), ("set_tid_address", 218, 96), ("set_robust_list", 273, 99), ("rseq", 334, 293),
        ("arch_prctl", 158, null), ("membarrier", 324, 283), ("sched_yield", 24, 124),
        ("sched_getaffinity", 204, 123), ("getcpu", 309, 168),

        // Signals to itself, and the end. The numbers of processes are those of its own namespace.
        ("rt_sigaction", 13, 134), ("rt_sigprocmask", 14, 135), ("rt_sigreturn", 15, 139), ("sigaltstack", 131, 132),
        ("tgkill", 234, 131), ("restart_syscall", 219, 128), ("exit", 60, 93), ("exit_group", 231, 94),
        ("execve", 59, 221), ("wait4", 61, 260),

        // What the process is, and the time.
        ("getpid", 39, 172), ("gettid", 186, 178), ("getppid", 110, 173), ("getuid", 102, 174), ("geteuid", 107, 175),
        ("getgid", 104, 176), ("getegid", 108, 177), ("getrlimit", 97, 163), ("prlimit64", 302, 261),
        ("getrusage", 98, 165), ("times", 100, 153), ("sysinfo", 99, 179), ("uname", 63, 160),
        ("getrandom", 318, 278), ("clock_gettime", 228, 113), ("clock_getres", 229, 114),
        ("clock_nanosleep", 230, 115), ("nanosleep", 35, 101), ("gettimeofday", 96, 169),
    ];

    /// <summary>The filter of this machine; empty for an unknown processor architecture.</summary>
    public static ReadOnlyMemory<byte> ForThisMachine { get; } = Of(RuntimeInformation.OSArchitecture);

    /// <summary>The filter of a processor architecture; empty for an unknown one.</summary>
    internal static ReadOnlyMemory<byte> Of(Architecture architecture) => architecture switch
    {
        Architecture.X64 => Make(0xC000_003E, clone: 56, ioctl: 16, prctl: 157, Calls.Select(call => call.X64)),
        Architecture.Arm64 => Make(
            0xC000_00B7, clone: 220, ioctl: 29, prctl: 167, Calls.Select(call => call.Arm).OfType<uint>()),
        _ => default,
    };

    private static byte[] Make(uint architecture, uint clone, uint ioctl, uint prctl, IEnumerable<uint> allowed)
    {
        List<byte> program = [];

        // A call of another architecture has other numbers: no decoder makes one.
        Add(Load, ArchitectureAt);
        Add(JumpIfEqual, architecture, ifTrue: 1);
        Add(Return, KillProcess);
        Add(Load, NumberAt);
        Add(JumpIfAnyBit, X32Bit, ifFalse: 1);
        Add(Return, KillProcess);
        foreach (var call in allowed)
        {
            Add(JumpIfEqual, call, ifFalse: 1);
            Add(Return, Allow);
        }

        Add(JumpIfEqual, clone, ifFalse: 5);
        Add(Load, FirstArgumentAt);
        Add(JumpIfAnyBit, CloneNamespaces, ifTrue: 2);
        Add(JumpIfAnyBit, CloneThread, ifFalse: 1);
        Add(Return, Allow);
        Add(Return, FailWith | NotPermitted);
        AddChoice(ioctl, SecondArgumentAt, Ioctls);
        AddChoice(prctl, FirstArgumentAt, Prctls);
        Add(Return, FailWith | NoSuchCall);
        return [.. program];

        void AddChoice(uint call, uint argumentAt, uint[] values)
        {
            Add(JumpIfEqual, call, ifFalse: (byte)((2 * values.Length) + 2));
            Add(Load, argumentAt);
            foreach (var value in values)
            {
                Add(JumpIfEqual, value, ifFalse: 1);
                Add(Return, Allow);
            }

            Add(Return, FailWith | NotPermitted);
        }

        void Add(ushort code, uint value, byte ifTrue = 0, byte ifFalse = 0)
        {
            // Both architectures are little-endian.
            Span<byte> instruction = stackalloc byte[InstructionBytes];
            BinaryPrimitives.WriteUInt16LittleEndian(instruction, code);
            instruction[2] = ifTrue;
            instruction[3] = ifFalse;
            BinaryPrimitives.WriteUInt32LittleEndian(instruction[4..], value);
            program.AddRange(instruction);
        }
    }
}
