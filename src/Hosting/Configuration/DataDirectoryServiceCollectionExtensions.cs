using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace ForegSyte.Hosting.Configuration;

/// <summary>Finds the data directory once, for all who ask for it.</summary>
internal static class DataDirectoryServiceCollectionExtensions
{
    /// <summary>
    /// Adds the <see cref="DataDirectory"/> and writes its absolute path back into the configuration, so that options
    /// with paths below it are bound to the same folder.
    /// </summary>
    public static void AddDataDirectory(this WebApplicationBuilder builder)
    {
        var found = DataDirectory.Find(builder.Configuration, Directory.GetCurrentDirectory());
        builder.Configuration[DataDirectory.Key] = found.Path;
        builder.Services.AddSingleton(found);
    }
}
