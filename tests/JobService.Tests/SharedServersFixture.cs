using ForegSyte.Testing.Servers;

[assembly: AssemblyFixture(typeof(SharedServers))]
