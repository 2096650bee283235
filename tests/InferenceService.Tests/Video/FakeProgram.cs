using ForegSyte.Testing;

namespace ForegSyte.Inference.Tests.Video;

/// <summary>Makes shell scripts that replace ffmpeg.</summary>
internal static class FakeProgram
{
    /// <summary>Writes a script and returns its path.</summary>
    public static string Make(TemporaryFolder folder, string commands)
    {
        if (OperatingSystem.IsWindows())
        {
            throw new PlatformNotSupportedException("Fake decoders are shell scripts.");
        }

        var path = folder.File($"{Guid.NewGuid():N}.sh");
        File.WriteAllText(path, $"#!/bin/sh\n{commands}\n");
        new FileInfo(path).UnixFileMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        return path;
    }
}
