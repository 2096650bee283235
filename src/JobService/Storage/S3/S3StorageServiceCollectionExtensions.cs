using ForegSyte.Hosting.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Storage.S3;

/// <summary>Registers the storage in a bucket.</summary>
internal static class S3StorageServiceCollectionExtensions
{
    /// <summary>
    /// Adds the options of section "S3" and, with Storage=S3, the <see cref="IStorage"/> in the bucket. It needs the
    /// store in PostgreSQL, whose rows count the references to videos.
    /// </summary>
    public static IServiceCollection AddS3Storage(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddCheckedOptions<S3StorageOptions>(S3StorageOptions.Section)
            .PostConfigure(options =>
            {
                if (options.SpoolFolder.Length == 0 && configuration[DataDirectory.Key] is { Length: > 0 } folder)
                {
                    options.SpoolFolder = Path.Combine(folder, S3StorageOptions.DefaultSpoolName);
                }
            });
        services.AddSingleton<IValidateOptions<S3StorageOptions>, S3StorageOptionsCheck>();
        if (StorageKinds.Of(configuration) != StorageKind.S3)
        {
            return services;
        }

        services.TryAddSingleton<IVideoReferences, PostgresVideoReferences>();
        return services
            .AddSingleton<S3Connection>()
            .AddSingleton<S3Bucket>()
            .AddSingleton<S3StartCheck>()
            .AddSingleton<SpoolFolder>()
            .AddSingleton<IStorage, S3Storage>();
    }

    /// <summary>Checks the bucket before the service starts; does nothing without Storage=S3.</summary>
    /// <exception cref="ObjectStorageException">The bucket cannot be used.</exception>
    public static Task CheckS3StorageAsync(this IServiceProvider services) =>
        services.GetService<S3StartCheck>()?.RunAsync(CancellationToken.None) ?? Task.CompletedTask;
}
