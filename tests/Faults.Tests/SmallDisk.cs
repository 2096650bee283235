using System.Globalization;
using CliWrap;
using CliWrap.Buffered;

namespace ForegSyte.Faults.Tests;

/// <summary>A file system in memory that can be filled to the last byte.</summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    private SmallDisk(string path) => Path = path;

    /// <summary>Where it is mounted.</summary>
    public string Path { get; }

    private string Filler => System.IO.Path.Combine(Path, "filler");

    /// <summary>Mounts one; skips the test with the reason where this user may not.</summary>
    public static async Task<SmallDisk> MountAsync(string path, int megabytes)
    {
        Directory.CreateDirectory(path);
        var size = string.Create(CultureInfo.InvariantCulture, $"size={megabytes}m");
        var mount = await Cli.Wrap("mount").WithArguments(["-t", "tmpfs", "-o", size, "tmpfs", path])
            .WithValidation(CommandResultValidation.None).ExecuteBufferedAsync();
        Assert.SkipUnless(mount.ExitCode == 0, "No file system can be mounted here: " + mount.StandardError.Trim());
        return new SmallDisk(path);
    }

    /// <summary>Takes all space that is left.</summary>
    public void Fill()
    {
        using var file = new FileStream(Filler, FileMode.Create, FileAccess.Write, FileShare.None, 0);
        for (var block = new byte[1 << 16]; block.Length > 0;)
        {
            try
            {
                file.Write(block);
                file.Flush(flushToDisk: true);
            }
            catch (IOException)
            {
                // Full for blocks of this size: fill what is left with smaller ones.
                block = new byte[block.Length / 2];
            }
        }
    }

    /// <summary>Gives the space back.</summary>
    public void Free() => File.Delete(Filler);

    /// <inheritdoc />
    public async ValueTask DisposeAsync() =>
        await Cli.Wrap("umount").WithArguments(["-l", Path]).ExecuteBufferedAsync();
}
