using System.Buffers.Binary;
using System.Runtime.InteropServices;
using ForegSyte.Inference.Video;

namespace ForegSyte.Inference.Tests.Video;

/// <summary>The decisions of the filter on each architecture, also on those that this machine does not have.</summary>
public sealed class SeccompFilterTests
{
    private const uint X64 = 0xC000_003E;
    private const uint Arm = 0xC000_00B7;
    private const uint Allow = 0x7FFF_0000;
    private const uint NotPermitted = 0x0005_0001;
    private const uint NoSuchCall = 0x0005_0026;
    private const uint KillProcess = 0x8000_0000;

    [Theory]
    [InlineData(Architecture.X64, X64, 0u, 0u, 0u, Allow)] // read
    [InlineData(Architecture.X64, X64, 439u, 0u, 0u, Allow)] // faccessat2
    [InlineData(Architecture.X64, X64, 41u, 0u, 0u, NoSuchCall)] // socket
    [InlineData(Architecture.X64, X64, 56u, 0x3D0F00u, 0u, Allow)] // clone of a thread
    [InlineData(Architecture.X64, X64, 56u, 0x1200011u, 0u, NotPermitted)] // clone of a process
    [InlineData(Architecture.X64, X64, 56u, 0x10010000u, 0u, NotPermitted)] // clone in a namespace
    [InlineData(Architecture.X64, X64, 16u, 1u, 0x5401u, Allow)] // ioctl TCGETS
    [InlineData(Architecture.X64, X64, 16u, 1u, 0x5412u, NotPermitted)] // ioctl TIOCSTI
    [InlineData(Architecture.X64, X64, 157u, 15u, 0u, Allow)] // prctl PR_SET_NAME
    [InlineData(Architecture.X64, X64, 157u, 22u, 0u, NotPermitted)] // prctl PR_SET_SECCOMP
    [InlineData(Architecture.X64, X64, 0x4000_0000u, 0u, 0u, KillProcess)] // x32
    [InlineData(Architecture.X64, Arm, 63u, 0u, 0u, KillProcess)]
    [InlineData(Architecture.Arm64, Arm, 63u, 0u, 0u, Allow)] // read
    [InlineData(Architecture.Arm64, Arm, 261u, 0u, 0u, Allow)] // prlimit64
    [InlineData(Architecture.Arm64, Arm, 198u, 0u, 0u, NoSuchCall)] // socket
    [InlineData(Architecture.Arm64, Arm, 2u, 0u, 0u, NoSuchCall)] // io_cancel; open on x86-64
    [InlineData(Architecture.Arm64, Arm, 220u, 0x3D0F00u, 0u, Allow)]
    [InlineData(Architecture.Arm64, Arm, 220u, 0x1200011u, 0u, NotPermitted)]
    [InlineData(Architecture.Arm64, Arm, 29u, 1u, 0x5413u, Allow)] // ioctl TIOCGWINSZ
    [InlineData(Architecture.Arm64, Arm, 167u, 4u, 0u, NotPermitted)] // prctl PR_SET_DUMPABLE
    [InlineData(Architecture.Arm64, Arm, 194u, 0u, 0u, NoSuchCall)] // shmget
    [InlineData(Architecture.Arm64, X64, 0u, 0u, 0u, KillProcess)]
    public void Of_EachArchitecture_Decides(
        Architecture architecture, uint callOf, uint call, uint first, uint second, uint expected) =>
        Assert.Equal(expected, Run(SeccompFilter.Of(architecture).Span, callOf, call, first, second));

    [Fact]
    public void Of_UnknownArchitecture_IsEmpty() => Assert.True(
        SeccompFilter.Of(Architecture.Arm).IsEmpty, "There is no list of calls for 32-bit ARM.");

    /// <summary>Interprets the instructions that the filter uses (linux/bpf_common.h).</summary>
    private static uint Run(ReadOnlySpan<byte> program, uint architecture, uint call, uint first, uint second)
    {
        uint accumulator = 0;
        for (var at = 0; ; at++)
        {
            var instruction = program.Slice(at * 8, 8);
            var value = BinaryPrimitives.ReadUInt32LittleEndian(instruction[4..]);
            switch (BinaryPrimitives.ReadUInt16LittleEndian(instruction))
            {
                case 0x20:
                    accumulator = value switch { 0 => call, 4 => architecture, 16 => first, 24 => second, _ => 0 };
                    break;
                case 0x15:
                    at += accumulator == value ? instruction[2] : instruction[3];
                    break;
                case 0x45:
                    at += (accumulator & value) != 0 ? instruction[2] : instruction[3];
                    break;
                case 0x06:
                    return value;
                default:
                    throw new InvalidOperationException("The filter has an instruction that this test does not know.");
            }
        }
    }
}
