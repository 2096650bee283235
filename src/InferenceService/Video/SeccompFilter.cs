using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace ForegSyte.Inference.Video;

/// <summary>
/// A seccomp filter in the form that bwrap --seccomp reads: an array of struct sock_filter (linux/filter.h). It refuses
/// system calls that a decoder never makes and an exploit needs first: sockets, other processes, other namespaces, and
/// the parts of the kernel that had most of its vulnerabilities.
/// </summary>
/// <remarks>
/// The filter lists refused calls, not allowed ones: the calls of the C library and of FFmpeg's hundred libraries
/// change with their versions, and a decoder must survive an update. The namespaces protect too. Threads stay possible,
/// new processes do not: a filter cannot see the flags of clone3, so clone3 fails as on an old kernel and the C library
/// falls back to clone.
/// </remarks>
internal static class SeccompFilter
{
    // linux/bpf_common.h: load a word at an offset, jump if equal, jump if greater or equal, jump if any bit is set,
    // return.
    private const ushort Load = 0x20;
    private const ushort JumpIfEqual = 0x15;
    private const ushort JumpIfAtLeast = 0x35;
    private const ushort JumpIfAnyBit = 0x45;
    private const ushort Return = 0x06;

    // linux/seccomp.h: return values of a filter, and offsets in struct seccomp_data.
    private const uint Allow = 0x7FFF_0000;
    private const uint FailWith = 0x0005_0000;
    private const uint KillProcess = 0x8000_0000;
    private const uint NumberAt = 0;
    private const uint ArchitectureAt = 4;
    private const uint FirstArgumentAt = 16;

    private const uint NotPermitted = 1;
    private const uint NoSuchCall = 38;

    /// <summary>CLONE_THREAD: clone(2) makes a thread with it and a process without it.</summary>
    private const uint CloneThread = 0x0001_0000;

    /// <summary>The first number of the x32 calls of x86-64, which FFmpeg does not need.</summary>
    private const uint X32Calls = 0x4000_0000;

    private const int InstructionBytes = 8;

    /// <summary>The filter of this machine; empty for an unknown processor architecture.</summary>
    public static ReadOnlyMemory<byte> ForThisMachine { get; } = RuntimeInformation.OSArchitecture switch
    {
        Architecture.X64 => Make(architecture: 0xC000_003E, clone: 56, clone3: 435, Refused(isArm: false)),
        Architecture.Arm64 => Make(architecture: 0xC000_00B7, clone: 220, clone3: 435, Refused(isArm: true)),
        _ => default,
    };

    /// <summary>
    /// Numbers of the refused calls on x86-64 and 64-bit ARM (asm/unistd_64.h, asm-generic/unistd.h).
    /// </summary>
    private static IEnumerable<uint> Refused(bool isArm)
    {
        (uint X64, uint? Arm)[] calls =
        [
            (41, 198), (53, 199), // socket, socketpair
            (57, null), (58, null), // fork, vfork
            (101, 117), (310, 270), (311, 271), (312, 272), // ptrace, process_vm_readv, process_vm_writev, kcmp
            (434, 434), (438, 438), // pidfd_open, pidfd_getfd
            (272, 97), (308, 268), // unshare, setns
            (165, 40), (166, 39), (155, 41), (161, 51), // mount, umount2, pivot_root, chroot
            (428, 428), (429, 429), (430, 430), (432, 432), (442, 442), // newer calls of the mount family
            (303, 264), (304, 265), // name_to_handle_at, open_by_handle_at
            (321, 280), (298, 241), (323, 282), // bpf, perf_event_open, userfaultfd
            (425, 425), (426, 426), (427, 427), // io_uring
            (248, 217), (249, 218), (250, 219), // kernel keys
            (246, 104), (320, 294), (175, 105), (313, 273), (176, 106), // kexec, kernel modules
            (103, 116), (154, null), (169, 142), // syslog, modify_ldt, reboot
        ];
        return calls.Select(call => isArm ? call.Arm : call.X64).OfType<uint>();
    }

    private static byte[] Make(uint architecture, uint clone, uint clone3, IEnumerable<uint> refused)
    {
        List<byte> program = [];
        Add(Load, ArchitectureAt);
        Add(JumpIfEqual, architecture, ifTrue: 1);
        Add(Return, KillProcess);
        Add(Load, NumberAt);
        Add(JumpIfAtLeast, X32Calls, ifFalse: 1);
        Add(Return, FailWith | NoSuchCall);
        Add(JumpIfEqual, clone3, ifFalse: 1);
        Add(Return, FailWith | NoSuchCall);
        foreach (var call in refused)
        {
            Add(JumpIfEqual, call, ifFalse: 1);
            Add(Return, FailWith | NotPermitted);
        }

        Add(JumpIfEqual, clone, ifFalse: 3);
        Add(Load, FirstArgumentAt);
        Add(JumpIfAnyBit, CloneThread, ifTrue: 1);
        Add(Return, FailWith | NotPermitted);
        Add(Return, Allow);
        return [.. program];

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
