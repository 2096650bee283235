using ForegSyte.Hosting.Files;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace ForegSyte.Hosting.Configuration;

/// <summary>The folder of models and pipelines and, at run time, of the database and the videos.</summary>
/// <param name="Path">Canonical path: DuckDB loses data when one process opens a database by two spellings.</param>
public sealed record DataDirectory(string Path)
{
    /// <summary>Configuration key; FOREGSYTE_DataDirectory in the environment.</summary>
    public const string Key = "DataDirectory";

    private static readonly string Marker = System.IO.Path.Combine("models", "models.json");

    /// <summary>Folder of stored videos and results; by default the only root from which videos are read.</summary>
    public string VideoJobs => File("video_jobs");

    /// <summary>Absolute path of a file or folder in the data directory.</summary>
    public string File(params string[] parts) => System.IO.Path.Combine([Path, .. parts]);

    /// <summary>
    /// Finds the folder: the configured one; otherwise ./data if it exists; otherwise the nearest data folder with
    /// models above the program, so that a build works from anywhere in a checkout; otherwise ./data.
    /// </summary>
    /// <param name="configuration">Configuration that may contain <see cref="Key"/>.</param>
    /// <param name="currentDirectory">Base of relative paths.</param>
    public static DataDirectory Find(IConfiguration configuration, string currentDirectory) =>
        new(CanonicalPath.Resolve(Choose(configuration[Key], currentDirectory, AppContext.BaseDirectory)));

    internal static string Choose(string? configured, string currentDirectory, string programDirectory)
    {
        if (!string.IsNullOrWhiteSpace(configured))
        {
            return System.IO.Path.GetFullPath(configured, currentDirectory);
        }

        var here = System.IO.Path.Combine(currentDirectory, "data");
        return Directory.Exists(here) ? here : FindAbove(programDirectory) ?? here;
    }

    private static string? FindAbove(string programDirectory)
    {
        for (var folder = new DirectoryInfo(programDirectory); folder is not null; folder = folder.Parent)
        {
            var data = System.IO.Path.Combine(folder.FullName, "data");
            if (System.IO.File.Exists(System.IO.Path.Combine(data, Marker)))
            {
                return data;
            }
        }

        return null;
    }
}

/// <summary>Registers the <see cref="DataDirectory"/>.</summary>
internal static class DataDirectoryServiceCollectionExtensions
{
    /// <summary>
    /// Also writes the absolute path back to the configuration, so that options with paths below it use the same
    /// folder.
    /// </summary>
    public static void AddDataDirectory(this WebApplicationBuilder builder)
    {
        var found = DataDirectory.Find(builder.Configuration, Directory.GetCurrentDirectory());
        builder.Configuration[DataDirectory.Key] = found.Path;
        builder.Services.AddSingleton(found);
        builder.Services.AddCheckedOptions<DataAccessOptions>(DataAccessOptions.Section);
        builder.Services.AddSingleton<DataFileAccess>();
    }
}
