using ForegSyte.Testing;
using k8s;
using k8s.Models;

namespace ForegSyte.Architecture.Tests.Deployment;

/// <summary>
/// deploy/kubernetes has nothing that the API of Kubernetes does not know, read with its own models, strictly; and its
/// probes ask where health is served. No cluster has run it.
/// </summary>
public sealed class KubernetesManifestTests
{
    private static readonly Dictionary<string, Type> Kinds = new()
    {
        ["v1/Namespace"] = typeof(V1Namespace),
        ["v1/ServiceAccount"] = typeof(V1ServiceAccount),
        ["v1/Service"] = typeof(V1Service),
        ["apps/v1/StatefulSet"] = typeof(V1StatefulSet),
        ["networking.k8s.io/v1/NetworkPolicy"] = typeof(V1NetworkPolicy),
    };

    private static string Manifest => File.ReadAllText(
        Path.Combine(RepositoryFiles.Root, "deploy", "kubernetes", "foregsyte.yaml"));

    [Fact]
    public void Manifest_HasOnlyWhatKubernetesKnows() => Assert.Equal(5, Read(Manifest).Count);

    [Fact]
    public void Manifest_APlantedMistake_IsFound() => Assert.ThrowsAny<Exception>(
        () => Read(Manifest.Replace("readinessProbe:", "readynessProbe:", StringComparison.Ordinal)));

    [Fact]
    public void Pod_IsAloneAndHasItsTimeToStop()
    {
        var set = Read(Manifest).OfType<V1StatefulSet>().Single();
        var stop = new ForegSyte.Hosting.Stopping.StopOptions();
        Assert.Equal(1, set.Spec.Replicas);
        Assert.True(
            set.Spec.Template.Spec.TerminationGracePeriodSeconds > (stop.GraceTime + stop.CancelTime).TotalSeconds);
    }

    [Fact]
    public void Probes_AskTheHealthPortsByGrpc()
    {
        var containers = Read(Manifest).OfType<V1StatefulSet>().Single().Spec.Template.Spec.Containers;
        Assert.Equal(2, containers.Count);
        Assert.All(containers, container =>
        {
            var port = int.Parse(
                container.Env.Single(variable => variable.Name == "FOREGSYTE_Listen__HealthPort").Value,
                System.Globalization.CultureInfo.InvariantCulture);
            Assert.Equal(port, container.StartupProbe.Grpc.Port);
            Assert.Equal(port, container.ReadinessProbe.Grpc.Port);
            Assert.Contains(container.Ports, each => each.ContainerPort == port);
        });
    }

    private static List<object> Read(string manifest) =>
        KubernetesYaml.LoadAllFromString(manifest, Kinds, strict: true);
}
