namespace ForegSyte.Testing;

/// <summary>Files of the repository that tests read.</summary>
public static class RepositoryFiles
{
    /// <summary>The folder that holds ForegSyte.sln.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The committed data folder: models, pipelines, samples.</summary>
    public static string Data => Path.Combine(Root, "data");

    /// <summary>
    /// The committed clip: 100 frames of 768x576 at 10 fps, people walking, the caption GATE 07 NORTH.
    /// </summary>
    public static string Pedestrians => Path.Combine(Data, "samples", "pedestrians.mp4");

    /// <summary>
    /// A file of the optional folder beside the repository with material that may not be committed, or a visible skip.
    /// </summary>
    public static string SharedOrSkip(string relativePath)
    {
        var path = Path.GetFullPath(Path.Combine(Root, "..", "shared", relativePath));
        Xunit.Assert.SkipUnless(File.Exists(path), $"{path} is not here; this extra check needs it.");
        return path;
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "ForegSyte.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"No folder above {AppContext.BaseDirectory} holds ForegSyte.sln.");
    }
}
