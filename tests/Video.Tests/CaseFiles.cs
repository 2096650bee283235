using ForegSyte.Testing;

namespace ForegSyte.Video.Tests;

/// <summary>The committed files of unusual kinds.</summary>
internal static class CaseFiles
{
    public static string PathOf(string name) =>
        Path.Combine(RepositoryFiles.Root, "tests", "Media.Tests", "cases", name + ".mp4");
}
